// The needle movers of the greatest impact, as lines; and what waits for a person.
import { byId, call, counted, element, plain } from "/ui/api.js";
import { drawn, voices } from "/ui/impact.js";

const TOP = 3;
let shown = "";

export async function showTop() {
  const page = await call("GET", `/api/v2/needle_movers?limit=${TOP}`);
  const list = byId("top-movers");
  const state = JSON.stringify(page.items.map((each) => [each.id, each.impact, each.title, each.status, each.accounts]));
  byId("movers").hidden = page.items.length === 0;
  if (list.dataset.shown === state) return;
  list.dataset.shown = state;
  list.replaceChildren(...page.items.map(line));
}

function line(mover) {
  const item = element("li");
  const score = element("b", String(mover.impact), "score");
  const words = element("div", undefined, "grow");
  const title = element("a", mover.title);
  title.href = `/ui/needle_movers#${encodeURIComponent(mover.id)}`;
  const about = element("span", ` ${plain(mover.kind)} · ${plain(mover.status)} · ${voices(mover)}`, "quiet");
  const head = element("p");
  head.append(title, about);
  words.append(head, drawn(mover).querySelector("svg"));
  item.append(score, words);
  return item;
}

// Each thing that waits for a decision, with the way to it.
export async function showNeeds() {
  const [movers, tasks, topics, runners] = await Promise.all([
    call("GET", "/api/v2/needle_movers/counts"),
    call("GET", "/api/tasks/counts"),
    call("GET", "/api/internal/counts"),
    call("GET", "/api/internal/runners"),
  ]);
  const dead = Object.values(topics).reduce((total, each) => total + each.dead, 0);
  const held = runners.items.filter((each) => each.paused).length;
  const all = [
    [movers.suggested || 0, "needle mover", "to take up or dismiss", "/ui/needle_movers?status=suggested"],
    [tasks.suggested || 0, "task", "to accept or dismiss", "/ui/tasks?status=suggested"],
    [dead, "dead letter", "to let go again", "/ui/dead"],
    [held, "runner", "held", "/ui/runners"],
  ].filter(([count]) => count);
  const state = JSON.stringify(all);
  if (state === shown) return;
  shown = state;
  byId("needs").replaceChildren(
    ...all.map(([count, name, what, path]) => {
      const item = element("li");
      const link = element("a");
      link.href = path;
      link.append(element("b", count.toLocaleString()), ` ${counted(count, name).replace(/^\S+ /, "")} ${what}`);
      item.append(link);
      return item;
    }),
  );
  byId("no-needs").hidden = all.length > 0;
}
