// Messages: what was asked for, how far it is, and why it is not running.
import { call, element } from "/ui/api.js";
import { ask } from "/ui/ask.js";
import { empty } from "/ui/empty.js";
import { action } from "/ui/evidence.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const API = "/api/internal/pubsub/messages";
const STATES = ["waiting", "running", "parked", "done", "refused", "dead", "cancelled"];
const UNFINISHED = ["waiting", "running", "parked"];
const LOOK = 2000;
let topicNames = [];

function link(id) {
  const made = element("a", id);
  made.href = `/ui/messages#${encodeURIComponent(id)}`;
  return made;
}

function head(each, name) {
  const title = element("h2");
  title.tabIndex = -1;
  title.append(name);
  const about = element("p", undefined, "quiet about");
  about.append(element("span", each.state, `state state-${each.state}`), " published ", moment(each.published));
  if (each.state === "waiting" && new Date(each.due) > Date.now()) about.append(" · due ", moment(each.due));
  return [title, about];
}

function card(each) {
  const article = element("article", undefined, "row");
  article.id = each.id;
  const name = element("a", each.topic);
  name.href = `/ui/messages#${encodeURIComponent(each.id)}`;
  article.append(...head(each, name), element("p", each.id, "id quiet"));
  return article;
}

// What is null was left out by whoever asked.
const given = (each) => Object.fromEntries(Object.entries({ ...each.key, ...each.data }).filter(([, value]) => value !== null));

function block(name, value) {
  const whole = element("div");
  const text = element("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2));
  text.tabIndex = 0;
  whole.append(element("h3", name), text);
  return whole;
}

function listed(name, items) {
  if (!items.length) return [];
  const list = element("ul", undefined, "plain");
  list.append(...items);
  return [element("h3", name), list];
}

const row = (...parts) => {
  const item = element("li");
  item.append(...parts);
  return item;
};

function cancelling(each) {
  if (!UNFINISHED.includes(each.state)) return [];
  const line = element("p", undefined, "actions");
  const cancel = async () => {
    if (!(await ask("Cancel this message?", "What of it has not finished is not done.", "Cancel it"))) return;
    await call("POST", `${API}/${encodeURIComponent(each.id)}/cancel`);
    told("Cancelled.");
  };
  line.append(action("Cancel …", cancel));
  return [line];
}

async function filled(id) {
  const own = `${API}/${encodeURIComponent(id)}`;
  const [each, why] = await Promise.all([call("GET", own), call("GET", `${own}/explain`)]);
  const article = element("article");
  article.id = id;
  article.append(...head(each, each.topic), element("p", id, "quiet id"), ...cancelling(each));
  article.append(...listed("How it stands", why.deliveries.map((one) => row(element("b", one.runner), ` ${one.text}`))));
  article.append(block("What was asked", given(each)));
  if (each.result !== null) article.append(block("Result", each.result));
  const attempts = each.attempts.map((one) => row(`${one.runner}: ${one.kind} `, moment(one.at), one.error ? ` – ${one.error.split("\n")[0]}` : ""));
  article.append(...listed("Attempts", attempts));
  if (each.cause) article.append(...listed("Because of", [row(link(each.cause))]));
  article.append(...listed("What followed", each.children.map((child) => row(link(child)))));
  return [article, each.state];
}

// A message that goes on is looked at again, until it has ended; not while somebody reads in it.
async function one(id) {
  const [article, state] = await filled(id);
  let shown = article;
  const look = async () => {
    if (!shown.isConnected) return;
    const [next, now] = await filled(id);
    if (!shown.contains(document.activeElement) && !document.querySelector("dialog")) {
      shown.replaceWith(next);
      shown = next;
    }
    if (UNFINISHED.includes(now)) setTimeout(() => look().catch(() => {}), LOOK);
  };
  if (UNFINISHED.includes(state)) setTimeout(() => look().catch(() => {}), LOOK);
  return article;
}

export const messages = {
  title: "Messages",
  about: "Everything that this workspace does is a message. Open one to see why it is not running, or how it ended.",
  path: () => API,
  none: () => empty("No message yet.", ["Whatever is sent in, asked for or done by itself stands here for some days."]),
  load: async () => {
    topicNames = (await call("GET", "/api/internal/pubsub/topics")).items.filter((each) => !each.query).map((each) => each.topic).sort();
  },
  filters: [
    { name: "topic", label: "Topic", values: () => topicNames.map((name) => [name, name]) },
    { name: "state", label: "State", values: () => STATES.map((name) => [name, name]) },
    { name: "batch", label: "Batch" },
  ],
  card,
  one,
};
