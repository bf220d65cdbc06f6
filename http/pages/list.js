// A page that lists one kind of thing: filters, cards, and more of them at a press of a button.
import { byId, call, element, fail, well } from "/ui/api.js";
import { accounts } from "/ui/account.js";
import { loadAccounts } from "/ui/accounts.js";
import { conversations } from "/ui/conversations.js";
import { dead } from "/ui/dead.js";
import { empty } from "/ui/empty.js";
import { loadLabels } from "/ui/labels.js";
import { meetings } from "/ui/meetings.js";
import { messages } from "/ui/messages.js";
import { movers } from "/ui/movers.js";
import { showNav } from "/ui/nav.js";
import { notes } from "/ui/notes.js";
import { people } from "/ui/people.js";
import { reports } from "/ui/reports.js";
import { runners } from "/ui/runners.js";
import { tasks } from "/ui/tasks.js";
import { topics } from "/ui/topics.js";

const VIEWS = { accounts, conversations, dead, meetings, messages, needle_movers: movers, notes, reports, runners, tasks, topics, users: people };
const PAGE = 10;
const view = VIEWS[location.pathname.split("/").pop()];
let cursor = null;
let asked = 0; // only the newest question's answer is shown

// The filters as they stand in the form and, so that they can be kept and sent, in the address.
function filtered() {
  const given = new FormData(byId("filters"));
  return Object.fromEntries([...given].filter(([, value]) => value));
}

export function query(values = filtered()) {
  const found = new URLSearchParams();
  if (view.pages !== false) found.set("limit", new URLSearchParams(location.search).get("limit") || PAGE);
  for (const one of view.filters) {
    const value = values[one.name] || "";
    for (const [name, each] of Object.entries(one.turn ? one.turn(value) : { [one.name]: value })) if (each) found.set(name, each);
  }
  return found;
}

// Where the focus is in the list, to be found again in the cards that take its place.
function place() {
  const article = document.activeElement?.closest("#list > article");
  if (!article) return () => {};
  const [id, index] = [article.id, [...byId("list").children].indexOf(article)];
  const button = [...article.querySelectorAll("button, h2")].indexOf(document.activeElement);
  return () => {
    const same = document.getElementById(id);
    const next = same || byId("list").children[Math.min(index, byId("list").children.length - 1)];
    (((same && same.querySelectorAll("button, h2")[button]) || next?.querySelector("h2")) ?? byId("list")).focus({ preventScroll: true });
  };
}

async function show(further) {
  const mine = ++asked;
  const list = byId("list");
  list.setAttribute("aria-busy", "true");
  const question = query();
  if (further) question.set("cursor", cursor);
  const page = await call("GET", `${view.path()}?${question}`);
  const items = view.choose ? view.choose(page.items, filtered()) : page.items;
  const cards = await Promise.all(items.map((item) => view.card(item, again)));
  if (mine !== asked) return;
  well();
  const back = place();
  if (further) list.append(...cards);
  else {
    list.replaceChildren(...(cards.length ? cards : [none()]));
    back();
  }
  if (further) cards[0]?.querySelector("h2")?.focus();
  cursor = page.next_cursor ?? null;
  byId("more").hidden = cursor === null;
  byId("told").textContent = `${list.querySelectorAll(":scope > article").length} shown`;
  list.setAttribute("aria-busy", "false");
}

const again = () => show(false).catch(fail);

function none() {
  if (!Object.keys(filtered()).length) return view.none();
  const button = element("button", "Show all", "small");
  button.type = "button";
  button.addEventListener("click", () => location.assign(location.pathname));
  return empty("Nothing fits these filters.", [button]);
}

async function showOne(place) {
  const all = element("a", `← All ${view.title.toLowerCase()}`);
  all.href = location.pathname;
  const back = element("p");
  back.append(all);
  byId("list").replaceChildren(back); // also where there is no such thing
  const one = await view.one(place);
  byId("list").append(one);
  byId("list").setAttribute("aria-busy", "false");
  const target = document.getElementById(place.split("/").pop());
  if (target && target !== one) {
    target.classList.add("target");
    target.scrollIntoView({ block: "center" });
  }
}

function filter(one) {
  const label = element("label", one.label);
  const field = element(one.values ? "select" : "input");
  field.name = one.name;
  if (one.values) {
    for (const [value, name] of [["", one.first || "all"], ...one.values()]) field.append(new Option(name, value));
  } else {
    field.type = "search";
  }
  const value = new URLSearchParams(location.search).get(one.name) || "";
  field.value = value;
  if (field.value !== value) {
    field.append(new Option(value, value)); // one that a link names, but that is none of those on offer
    field.value = value;
  }
  label.append(field);
  return label;
}

function keep() {
  const found = new URLSearchParams(filtered()).toString();
  history.replaceState(null, "", found ? `?${found}` : location.pathname);
}

async function start() {
  byId("title").textContent = view.title;
  byId("about").textContent = view.about || "";
  document.title = `${view.title} · needlework`;
  await Promise.all([showNav(), loadLabels(), loadAccounts(), view.load?.()]);
  const place = location.hash.slice(1);
  if (place && view.one) {
    byId("about").hidden = true;
    return showOne(decodeURIComponent(place));
  }
  byId("filters").replaceChildren(...view.filters.map(filter));
  byId("filters").hidden = !view.filters.length;
  if (view.tools) byId("tools").append(...view.tools({ again, query }));
  if (view.foot) byId("foot").append(...view.foot({ again, query }));
  return show(false);
}

let typing = 0;
for (const kind of ["input", "change"]) {
  byId("filters").addEventListener(kind, () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      keep();
      again();
    }, 250);
  });
}
byId("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  again();
});
byId("more").addEventListener("click", () => show(true).catch(fail));
window.addEventListener("hashchange", () => location.reload());
start().catch((error) => {
  byId("list").querySelector(":scope > .quiet")?.remove(); // what said that it loads
  byId("list").setAttribute("aria-busy", "false");
  fail(error);
});
