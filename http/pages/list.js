// A page that lists one kind of thing: filters, cards, and more of them at a press of a button.
import { call, element } from "/ui/api.js";
import { loadAccounts } from "/ui/accounts.js";
import { conversations } from "/ui/conversations.js";
import { loadLabels } from "/ui/labels.js";
import { meetings } from "/ui/meetings.js";
import { movers } from "/ui/movers.js";
import { showNav } from "/ui/nav.js";
import { notes } from "/ui/notes.js";
import { tasks } from "/ui/tasks.js";

const VIEWS = { conversations, meetings, needle_movers: movers, notes, tasks };
const PAGE = 10;
const byId = (id) => document.getElementById(id);
const view = VIEWS[location.pathname.split("/").pop()];
let cursor = null;
let asked = 0; // only the newest question's answer is shown

function fail(error) {
  byId("message").textContent = error.message;
  byId("message").hidden = false;
}

function query() {
  const found = new URLSearchParams({ limit: PAGE });
  for (const [name, value] of new FormData(byId("filters"))) if (value) found.set(name, value);
  return found;
}

async function show(further) {
  const mine = ++asked;
  const list = byId("list");
  list.setAttribute("aria-busy", "true");
  const question = query();
  if (further) question.set("cursor", cursor);
  const page = await call("GET", `${view.path}?${question}`);
  const cards = await Promise.all(page.items.map((item) => view.card(item, fail)));
  if (mine !== asked) return;
  const none = element("p", view.none, "quiet");
  if (further) list.append(...cards);
  else list.replaceChildren(...(cards.length ? cards : [none]));
  if (further) cards[0]?.querySelector("h2")?.focus();
  cursor = page.next_cursor;
  byId("more").hidden = cursor === null;
  byId("told").textContent = `${list.children.length} shown`;
  list.setAttribute("aria-busy", "false");
}

async function showOne(place) {
  const all = element("a", `All ${view.title.toLowerCase()}`);
  all.href = location.pathname;
  const back = element("p");
  back.append(all);
  byId("list").replaceChildren(back, await view.one(place, fail));
  byId("list").setAttribute("aria-busy", "false");
  const target = document.getElementById(place.split("/").pop());
  target?.classList.add("target");
  target?.scrollIntoView({ block: "center" });
}

function filter(one) {
  const label = element("label", one.label);
  const field = element(one.values ? "select" : "input");
  field.name = one.name;
  if (one.values) {
    for (const [value, name] of [["", "all"], ...one.values()]) field.append(new Option(name, value));
  } else {
    field.type = "search";
  }
  label.append(field);
  return label;
}

async function start() {
  showNav();
  byId("title").textContent = view.title;
  document.title = `${view.title} · needlework`;
  const here = await call("GET", "/api/workspace");
  byId("where").textContent = `${here.name} · ${here.principal.name}`;
  await Promise.all([loadLabels(), loadAccounts()]);
  const place = location.hash.slice(1);
  if (place && view.one) return showOne(decodeURIComponent(place));
  byId("filters").replaceChildren(...view.filters.map(filter));
  byId("filters").hidden = false;
  return show(false);
}

let typing = 0;
for (const kind of ["input", "change"]) {
  byId("filters").addEventListener(kind, () => {
    clearTimeout(typing);
    typing = setTimeout(() => show(false).catch(fail), 250);
  });
}
byId("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  show(false).catch(fail);
});
byId("more").addEventListener("click", () => show(true).catch(fail));
window.addEventListener("hashchange", () => location.reload());
start().catch(fail);
