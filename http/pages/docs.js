// Every operation of the API, as /openapi.json has it: found by its words, opened in its place, tried there.
import { byId, call, counted, element, fail, plain } from "/ui/api.js";
import { answers } from "/ui/answer.js";
import { empty } from "/ui/empty.js";
import { showNav } from "/ui/nav.js";
import { requestForm } from "/ui/request.js";
import { coded, know } from "/ui/schema.js";

const FILES = "pages"; // the group of our own files: last, since nobody calls them
const rows = new Map(); // operationId -> its row, group and words

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => ({ ...each, method: method.toUpperCase(), path, group: each.tags[0] })),
  );
}

// The facts that stand above the form.
function facts(operation, here) {
  const permission = operation["x-permission"];
  const line = element("p", undefined, "facts quiet");
  line.append("May be called ", ...(permission === "public" ? ["by anybody, without a token"] : ["with ", element("code", permission)]), ".");
  if (permission !== "public" && !here.principal.permissions.includes(permission)) line.append(element("b", " You lack it.", "bad"));
  if (operation["x-topic"]) line.append(" Topic ", element("code", operation["x-topic"]), ".");
  if (operation.deprecated) line.append(element("b", " Deprecated: it will go.", "bad"));
  return line;
}

function open(row, operation, here) {
  const inside = element("div", undefined, "inside");
  if (operation.description && operation.description !== operation.summary) inside.append(coded("p", operation.description, "words"));
  const { form, stop } = requestForm(operation, here);
  inside.append(facts(operation, here), form, answers(operation));
  row.append(inside);
  row.addEventListener("toggle", () => row.open || stop());
}

function rowOf(operation, here) {
  const row = element("details", undefined, "operation");
  const head = element("summary");
  const name = element("h3");
  name.append(element("span", operation.method, `method method-${operation.method.toLowerCase()}`), " ", element("code", operation.path));
  head.append(name, " ", element("span", operation.summary, "says"));
  if (operation.deprecated) head.append(" ", element("span", "deprecated", "state state-dead"));
  row.append(head);
  row.addEventListener("toggle", () => {
    if (!row.open) return;
    if (row.children.length === 1) open(row, operation, here);
    history.replaceState(null, "", `${location.pathname}${location.search}#${encodeURIComponent(operation.operationId)}`);
  });
  const words = [operation.method, operation.path, operation.operationId, operation.summary, operation.description || "", operation["x-permission"]];
  rows.set(operation.operationId, { row, group: operation.group, words: `${words.join(" ")} ${plain(operation.group)}`.toLowerCase() });
  return row;
}

function groupOf(name, operations, here) {
  const section = element("section", undefined, "group");
  const title = element("h2", plain(name));
  title.id = `group-${name}`;
  section.setAttribute("aria-labelledby", title.id);
  section.append(title, ...operations.map((each) => rowOf(each, here)));
  return section;
}

// Shows what holds every word; the filters stand in the address too.
function narrow() {
  const { q, group } = Object.fromEntries(new FormData(byId("filters")));
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { row, group: own, words } of rows.values()) {
    row.hidden = (group && group !== own) || !wanted.every((word) => words.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll(".group")) section.hidden = !section.querySelector(".operation:not([hidden])");
  byId("list").querySelector(".empty")?.remove();
  if (!shown) byId("list").append(empty("Nothing fits these filters.", ["Every word must stand in the path, the summary, the topic or the permission."]));
  byId("told").textContent = counted(shown, "operation");
}

function keep() {
  const given = [...new FormData(byId("filters"))].filter(([, value]) => value);
  const found = new URLSearchParams(given).toString();
  history.replaceState(null, "", found ? `?${found}` : location.pathname);
}

// The operation that the address names, opened.
function goTo() {
  const { row } = rows.get(decodeURIComponent(location.hash.slice(1))) || {};
  if (!row) return;
  if (row.hidden) {
    byId("filters").reset();
    narrow();
  }
  row.open = true;
  row.scrollIntoView({ block: "start" });
  row.querySelector("summary").focus({ preventScroll: true });
}

async function start() {
  const [here, api] = await Promise.all([showNav(), call("GET", "/openapi.json")]);
  know(api.components.schemas);
  const groups = Map.groupBy(operationsOf(api), (each) => each.group);
  const names = [...groups.keys()].sort((one, other) => (one === FILES) - (other === FILES) || one.localeCompare(other));
  const { q, group } = byId("filters").elements;
  group.append(...names.map((name) => new Option(`${plain(name)} (${groups.get(name).length})`, name)));
  const asked = new URLSearchParams(location.search);
  q.value = asked.get("q") || "";
  group.value = names.includes(asked.get("group")) ? asked.get("group") : "";
  byId("list").replaceChildren(...names.map((name) => groupOf(name, groups.get(name), here)));
  byId("list").setAttribute("aria-busy", "false");
  narrow();
  goTo();
}

byId("filters").addEventListener("input", () => {
  narrow();
  keep();
});
byId("filters").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", goTo);
start().catch((error) => {
  byId("list").replaceChildren();
  byId("list").setAttribute("aria-busy", "false");
  fail(error);
});
