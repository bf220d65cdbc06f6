// Long work on needle movers, as it is seen: what is left to match, and matching a range again, followed to its end.
import { call, counted, element, fail } from "/ui/api.js";
import { action } from "/ui/evidence.js";
import { showFar } from "/ui/far.js";
import { ENDINGS, meter, stream } from "/ui/job.js";
import { told } from "/ui/told.js";

const TOPIC = "needle_movers.reprocess";
const API = "/api/internal/pubsub/messages";
const LOOK = 5000;
const DAY = 86_400_000;
const RANGES = [[7, "the last 7 days"], [30, "the last 30 days"], [90, "the last 90 days"], [36_500, "all there is"]];
const OUTCOMES = { linked: "linked", moved: "moved", suggested: "suggested", created: "new", unchanged: "as before", errors: "unreadable" };
const followed = new Set();

function summary(counts) {
  const parts = Object.entries(OUTCOMES).filter(([name]) => counts[name]).map(([name, words]) => `${counts[name].toLocaleString()} ${words}`);
  return `Matched again: ${parts.join(", ") || "there was nothing to match"}.`;
}

// `address` has the job's events: its own from the first on, or those of all from now on.
async function follow(id, address, place, after) {
  if (followed.has(id)) return;
  followed.add(id);
  const shown = meter("How much is matched again");
  const own = `${API}/${encodeURIComponent(id)}`;
  const stopping = action("Stop", () => call("POST", `${own}/cancel`), () => told("Stopped: what was matched stays."));
  shown.whole.append(stopping);
  shown.tell("Matching again …");
  place.append(shown.whole);
  const seen = (kind, event) => {
    if (event.message && event.message !== id) return false;
    const { kind: what, done, total, before } = event.data || {};
    if (what === "started") shown.tell(`Matching again: ${counted(total, "label")} …`);
    if (what === "progress") shown.tell(`Matching again: ${done.toLocaleString()} of ${counted(total, "label")}`, done, Math.max(1, total));
    if (what === "impact" && before !== undefined) shown.tell("Measuring what it touched …");
    return ENDINGS.includes(kind);
  };
  const goesOn = async () => ["running", "waiting", "parked"].includes((await call("GET", own)).state);
  try {
    await stream(address, ["progress", ...ENDINGS], seen, goesOn);
    const ended = await call("GET", own);
    const why = ended.deliveries.map((each) => each.error).find(Boolean);
    if (ended.state === "done") shown.end(summary(ended.result));
    else shown.end(ended.state === "cancelled" ? "Stopped: what was matched stays." : `It ended ${ended.state}: ${why || "see Messages for the reason"}`);
  } finally {
    stopping.remove();
    after();
  }
}

// The jobs that go on, whoever began them.
export async function showJobs(place, after = () => {}) {
  const page = await call("GET", `${API}?topic=${TOPIC}&state=running&limit=5`);
  for (const each of page.items) follow(each.id, `/api/internal/pubsub/events?topic=${TOPIC}`, place, after).catch(fail);
}

async function begin(days, place, after) {
  const now = Date.now();
  const range = `from=${Math.max(1, Math.floor((now - days * DAY) / 1000))}&until=${Math.ceil(now / 1000)}`;
  const begun = await call("POST", `/api/v2/needle_movers/reprocess?${range}`, undefined, { Prefer: "respond-async" });
  await follow(begun.id, `${API}/${encodeURIComponent(begun.id)}/events`, place, after);
}

// Above the list: what is not in it yet. It is made anew when that has become nothing.
export function underway({ again }) {
  const place = element("div");
  const line = element("p", "", "quiet");
  place.append(line);
  let before = 0;
  const look = async () => {
    if (!document.hidden) {
      const counts = await call("GET", "/api/internal/counts");
      const left = counts.needle_mover?.unfinished || 0;
      showFar(counts, line);
      if (before && !left) again();
      before = left;
    }
    setTimeout(() => look().catch(() => {}), LOOK);
  };
  look().catch(fail);
  showJobs(place, again).catch(fail);
  return [place];
}

// Below the list: matching again by hand.
export function rematching({ again }) {
  const whole = element("details", undefined, "tools");
  const line = element("p", undefined, "actions");
  const label = element("label", "What was labelled in");
  const choice = element("select");
  choice.append(...RANGES.map(([days, words]) => new Option(words, days)));
  choice.value = "30";
  label.append(choice);
  const place = element("div");
  const words = "Goes through the labels once more, oldest first. What people decided stays; so do the titles.";
  line.append(label, action("Match again", () => begin(Number(choice.value), place, again)));
  whole.append(element("summary", "Match again"), element("p", words, "quiet"), line, place);
  return [whole];
}
