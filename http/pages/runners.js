// Runners: what each has to do and when it runs; let it run now, hold it, let it go on.
import { call, counted, element } from "/ui/api.js";
import { empty } from "/ui/empty.js";
import { action } from "/ui/evidence.js";
import { meter, run } from "/ui/job.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const API = "/api/internal/runners";
const OWN = "system"; // what the service itself lives by is not for hand work

export const stateOf = (runner) => {
  if (runner.paused) return "held";
  return runner.live ? { auto: "ready", tick: "by tick" }[runner.mode] : "no live process";
};

export function holding(address, each, again) {
  const hold = (what) => call("POST", `${address}/${encodeURIComponent(each.id)}/${what}`);
  const name = each.paused ? "Resume" : "Pause";
  const said = (paused) => `${each.id} ${paused ? "is held: what is due waits" : "goes on"}.`;
  const button = action(name, async () => {
    await hold(name.toLowerCase());
    again();
    told(said(!each.paused), async () => {
      await hold(each.paused ? "pause" : "resume");
      again();
      return said(each.paused);
    });
  });
  button.setAttribute("aria-label", `${name} ${each.id}`);
  return button;
}

function times(each) {
  const line = element("p", undefined, "quiet");
  if (each.schedule) line.append(`runs ${each.schedule}`);
  if (each.next_run) line.append(" · next ", moment(each.next_run));
  if (each.last_run) line.append(" · last ", moment(each.last_run));
  return line.childNodes.length ? [line] : [];
}

function running(each, article, again) {
  const button = action("Run now", async () => {
    const shown = meter(`Run of ${each.id}`);
    article.append(shown.whole);
    try {
      const result = await run(`/api/internal/runner/${encodeURIComponent(each.id)}/run`, {}, shown.tell);
      told(`${each.id}: ${counted(result.processed, "message")} processed, ${result.failed} failed, ${result.remaining} left.`);
    } finally {
      shown.whole.remove();
    }
    again();
  });
  button.setAttribute("aria-label", `Run ${each.id} now`);
  return button;
}

function card(each, again) {
  const article = element("article", undefined, "split");
  article.id = each.id;
  const title = element("h2", each.id);
  title.tabIndex = -1;
  const about = element("p", undefined, "quiet about");
  about.append(element("span", stateOf(each), `state state-${each.paused || !each.live ? "held" : "ready"}`), ` ${each.description}`);
  const depth = element("p", undefined, "depths");
  for (const [name, count] of [["waiting", each.waiting], ["running", each.running], ["scheduled for later", each.scheduled], ["held back", each.parked], ["dead", each.dead]]) {
    depth.append(element("span", `${count.toLocaleString()} ${name}`, count ? (name === "dead" ? "bad" : "") : "none"), " ");
  }
  const taken = element("details");
  taken.append(element("summary", counted(each.topics.length, "topic")), element("p", each.topics.join(", "), "quiet"));
  const line = element("p", undefined, "actions");
  if (each.id !== OWN) line.append(running(each, article, again));
  line.append(holding(API, each, again));
  article.append(title, line, about, depth, ...times(each), taken);
  return article;
}

export const runners = {
  title: "Runners",
  about: "Each runner takes the messages of some topics. Held, it leaves them waiting; nothing is lost.",
  path: () => API,
  pages: false,
  none: () => empty("No runner.", ["This server knows no runner: is its topics.toml whole? ", element("code", "needlework doctor"), " tells."]),
  filters: [{ name: "q", label: "Name", turn: () => ({}) }],
  choose: (items, { q = "" }) => items.filter((each) => `${each.id} ${each.description}`.toLowerCase().includes(q.toLowerCase())),
  card,
};
