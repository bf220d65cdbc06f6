// Accounts: who pays how much, and what is under way with each; opened, one shows its people and all that belongs to it.
import { call, counted, element, plain } from "/ui/api.js";
import { conversationTitle } from "/ui/conversations.js";
import { empty } from "/ui/empty.js";
import { quote } from "/ui/evidence.js";
import { moment } from "/ui/moments.js";
import { statements } from "/ui/mover.js";
import { reached } from "/ui/people.js";

const MANY = 20;
const TOLD = 2;
const OPEN = ["active", "open", "in_progress"];
const ORDERS = [["name", "name"], ["revenue", "revenue"]];
const LISTS = {
  conversations: ["/api/conversations", "conversation"],
  meetings: ["/api/meetings", "meeting"],
  needle_movers: ["/api/v2/needle_movers", "open needle mover"],
  tasks: ["/api/tasks", "open task"],
};

const own = (page, id) => `/ui/${page}#${encodeURIComponent(id)}`;
const all = (page, id) => `/ui/${page}?${page === "meetings" ? "when=all&" : ""}account_id=${encodeURIComponent(id)}`;
const of = (path, id, limit = MANY) => call("GET", `${path}?account_id=${encodeURIComponent(id)}&limit=${limit}`);

function linked(words, href) {
  const link = element("a", words);
  link.href = href;
  return link;
}

// As it is stored: a number a month, in the currency of whoever brought it in.
const revenue = (mrr) => (mrr === null ? "" : `${mrr.toLocaleString(undefined, { maximumFractionDigits: 2 })} a month`);

function about(account) {
  const line = element("p", undefined, "quiet about");
  line.append(element("span", plain(account.status), `state state-${account.status === "active" ? "open" : "done"}`), " ");
  line.append([revenue(account.mrr), account.plan, ...account.domains].filter(Boolean).join(" · "));
  if (account.churned_at) line.append(" · ", element("span", "left ", "bad"), moment(account.churned_at));
  return line;
}

function opening(account) {
  const article = element("article");
  article.id = account.id;
  const title = element("h2");
  title.append(linked(account.name, own("accounts", account.id)));
  title.tabIndex = -1;
  article.append(title, about(account));
  return article;
}

// How many are open and how many wait for a person, as far as one page of them tells; the way to their list.
function count(page, name, id) {
  const open = page.items.filter((each) => name === "conversations" || OPEN.includes(each.status)).length;
  const suggested = page.items.filter((each) => each.status === "suggested").length;
  const first = counted(open, LISTS[name][1]);
  const words = `${page.next_cursor ? first.replace(" ", "+ ") : first}${suggested ? `, ${suggested} suggested` : ""}`;
  return page.items.length ? linked(words, all(name, id)) : words;
}

async function card(account) {
  const article = opening(account);
  const pages = await Promise.all(["needle_movers", "tasks", "conversations"].map((name) => of(LISTS[name][0], account.id)));
  const [movers, tasks, conversations] = pages;
  const line = element("p", undefined, "about");
  line.append(count(movers, "needle_movers", account.id), " · ", count(tasks, "tasks", account.id), " · ");
  line.append(count(conversations, "conversations", account.id));
  if (conversations.items.length) line.append(", the last ", moment(conversations.items[0].last_message_at));
  article.append(line);
  return article;
}

// A list of its own within an account's page, with the way to all of them where there are more.
async function part(account, name, title, none, shown) {
  const page = await of(LISTS[name]?.[0] || `/api/${name}`, account.id);
  const whole = element("section");
  whole.append(element("h3", title));
  if (!page.items.length) {
    whole.append(element("p", none, "quiet"));
    return whole;
  }
  const list = element("ul", undefined, "plain");
  for (const item of await Promise.all(page.items.map(async (each) => shown(each, account)))) {
    const line = element("li");
    line.append(...item);
    list.append(line);
  }
  whole.append(list);
  if (page.next_cursor) whole.append(linked(`All its ${title.toLowerCase()}`, all(name, account.id)));
  return whole;
}

function person(each) {
  return [element("b", each.name || each.emails[0] || each.id), " ", reached(each)];
}

// How much of what is said of it this account says, and its own words.
async function mover(each, account) {
  const said = await call("GET", `/api/v2/needle_movers/${encodeURIComponent(each.id)}/evidence?state=linked&limit=200&account_id=${encodeURIComponent(account.id)}`);
  const words = statements(said.items);
  const others = each.accounts > 1 ? `, one of ${each.accounts} accounts` : "";
  const share = element("span", ` ${plain(each.status)} · impact ${each.impact} · ${words.length} of ${counted(each.evidence.linked, "statement")}${others}`, "quiet");
  const list = element("ul", undefined, "quotes");
  list.append(...words.sort((a, b) => b.score - a.score).slice(0, TOLD).map((one) => quote({ ...one, account_id: null })));
  return [linked(each.title, own("needle_movers", each.id)), share, list];
}

function task(each) {
  const line = [element("span", plain(each.status), `state state-${each.status}`), " ", linked(each.title, own("tasks", each.id))];
  if (each.assignee) line.push(element("span", ` · ${each.assignee}`, "quiet"));
  if (each.due_on) line.push(element("span", " · due ", "quiet"), moment(`${each.due_on}T23:59:59`));
  return line;
}

async function conversation(each) {
  return [linked(await conversationTitle(each), own("conversations", each.id)), element("span", ` · ${each.channel} · `, "quiet"), moment(each.last_message_at)];
}

function meeting(each) {
  const line = [linked(each.title || "Without a title", own("meetings", each.id))];
  if (each.start) line.push(element("span", " · ", "quiet"), moment(each.start));
  if (each.status !== "confirmed") line.push(element("span", ` · ${each.status}`, "bad"));
  return line;
}

function known(account) {
  const words = [account.mrr === null && "no monthly revenue (mrr) is known", account.owner_id && `owner: ${account.owner_id}`, account.external_id && `external id: ${account.external_id}`];
  const line = element("p", `${words.filter(Boolean).join(" · ")}${words.some(Boolean) ? " · " : ""}here since `, "quiet about");
  line.append(moment(account.created_at));
  return line;
}

async function one(id) {
  const account = await call("GET", `/api/accounts/${encodeURIComponent(id)}`);
  const article = opening(account);
  article.append(known(account));
  const parts = [
    part(account, "users", "People", "Nobody is known of it: POST /api/users, or import users.csv.", person),
    part(account, "needle_movers", "Needle movers", "It counts for none.", mover),
    part(account, "tasks", "Tasks", "None.", task),
    part(account, "conversations", "Conversations", "None: they find it by its domains and the addresses of its people.", conversation),
    part(account, "meetings", "Meetings", "None.", meeting),
  ];
  article.append(...(await Promise.all(parts)));
  return article;
}

export const accounts = {
  title: "Accounts",
  about: "Your customers, and what is under way with each. Open one for its people and all that belongs to it.",
  path: () => "/api/accounts",
  none: () =>
    empty("No account yet.", [
      "Bring in a table: ",
      element("code", "needlework import accounts.csv"),
      " with the columns name, domains and mrr; or ",
      element("code", "POST /api/accounts"),
      ". Conversations find theirs by its domains, also those that are there already.",
    ]),
  filters: [
    { name: "q", label: "Search" },
    { name: "order", label: "Order", values: () => ORDERS, first: "newest" },
  ],
  card,
  one,
};
