// What waits, runs and is dead, by topic and by runner; and what happens just now.
import { byId, call, element } from "/ui/api.js";
import { showFar } from "/ui/far.js";
import { moment } from "/ui/moments.js";
import { stateOf } from "/ui/runners.js";

const EVENTS = 8;
const FINE = ["ready", "by tick"];
const WORDS = { result: "finished", refused: "refused", dead: "gave up", cancelled: "cancelled", retrying: "tries again" };

function row(cells, bad) {
  const made = element("tr");
  cells.forEach((cell, index) => {
    const kind = index === 0 ? "th" : "td";
    const one = element(kind, undefined, index === bad && cell ? "bad" : cell === 0 ? "none" : undefined);
    // A long name may be broken behind its dots and underscores.
    String(cell).split(/(?<=[._])/).forEach((part, at) => one.append(...(at ? [element("wbr"), part] : [part])));
    if (kind === "th") one.scope = "row";
    made.append(one);
  });
  return made;
}

// Only what has something to do; what had, while this page is open, stays: a table that jumps cannot be read.
const busy = { topics: new Set(), runners: new Set() };

function fill(name, rows, has) {
  for (const each of rows) if (has(each)) busy[name].add(each[0]);
  const shown = rows.filter(([key]) => busy[name].has(key));
  byId(`some-${name}`).hidden = shown.length === 0;
  byId(name).replaceChildren(...shown.map((each) => row(each, each.length - 1)));
}

export async function showWork() {
  const [runners, counts] = await Promise.all([call("GET", "/api/internal/runners"), call("GET", "/api/internal/counts")]);
  const topics = Object.entries(counts);
  const sums = { waiting: 0, running: 0, scheduled: 0, dead: 0 };
  for (const each of runners.items) {
    sums.waiting += each.waiting + each.parked;
    sums.scheduled += each.scheduled;
  }
  for (const [, each] of topics) {
    sums.running += each.running;
    sums.dead += each.dead;
  }
  let all = 0;
  for (const [name, sum] of Object.entries(sums)) {
    all += sum;
    byId(`total-${name}`).textContent = sum.toLocaleString();
    byId(`total-${name}`).className = name === "dead" && sum ? "bad" : "";
  }
  byId("totals").hidden = all === 0;
  byId("no-work").hidden = all > 0;
  showFar(counts, byId("totals"));
  const load = (each) => each.slice(1).some((cell) => typeof cell === "number" && cell > 0);
  topics.sort(([a, one], [b, two]) => two.dead - one.dead || two.unfinished - one.unfinished || a.localeCompare(b));
  fill("topics", topics.map(([name, each]) => [name, each.waiting, each.running, each.dead]), load);
  const states = runners.items.map((each) => [each.id, stateOf(each), each.waiting, each.running, each.scheduled, each.parked, each.dead]);
  fill("runners", states, (each) => load(each) || !FINE.includes(each[1]));
}

export function showEvent(kind, event) {
  const data = event.data || {};
  let words = WORDS[kind];
  if (kind === "progress") words = data.of ? `${data.done} of ${data.of}` : data.note || "goes on";
  const item = element("li");
  const topic = element("a", event.topic);
  if (event.message) topic.href = `/ui/messages#${encodeURIComponent(event.message)}`;
  item.append(topic, " ", element("b", words || data.kind || kind), " ", moment(event.at));
  const list = byId("events");
  byId("no-events").hidden = true;
  list.prepend(item);
  while (list.children.length > EVENTS) list.lastChild.remove();
}
