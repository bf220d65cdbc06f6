// Dead letters: why they died and what was in them; let go again, alone or as many as fit, after a look at what that means.
import { byId, call, counted, element, fail } from "/ui/api.js";
import { ask } from "/ui/ask.js";
import { empty } from "/ui/empty.js";
import { action } from "/ui/evidence.js";
import { meter, run } from "/ui/job.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const SHOWN = 5;
const API = "/api/internal/dead";
const REASONS = {
  attempts: "it failed as often as it may",
  checksum: "what was stored of it does not fit its checksum",
  schema: "its topic does not take it any more",
  poison: "the process died of it, twice",
};

const redriven = ({ redriven: went, failed_again: failed, skipped, stopped }) =>
  [
    `${counted(went, "dead letter")} let go again`,
    failed && `${failed} failed again`,
    skipped && `${skipped} left: no code takes them`,
    stopped && "stopped before the end",
  ].filter(Boolean).join(", ");

async function redrive(choice, tell = () => {}) {
  const result = await run(`${API}/redrive`, choice, tell);
  told(`${redriven(result)}.`);
}

// The line of the overview.
function letter(each, again) {
  const item = element("li");
  const text = element("p");
  text.append(element("b", each.topic), ` ${each.error} `, element("span", `(${each.reason})`, "quiet"), " ", moment(each.died));
  const button = action("Redrive", () => redrive({ ids: [each.id] }), again);
  button.setAttribute("aria-label", `Redrive ${each.topic}: ${each.error}`);
  item.append(text, button);
  return item;
}

export async function showDead() {
  const page = await call("GET", `${API}?limit=${SHOWN}`);
  const key = JSON.stringify(page.items.map((each) => each.id + each.died));
  const list = byId("dead-letters");
  byId("dead").hidden = page.items.length === 0;
  if (list.dataset.shown === key) return; // a button keeps its focus
  list.dataset.shown = key;
  list.replaceChildren(...page.items.map((each) => letter(each, showDead)));
}

function content(id) {
  const whole = element("details");
  whole.append(element("summary", "What was in it, and each attempt"));
  const fill = async () => {
    const one = await call("GET", `${API}/${encodeURIComponent(id)}`);
    const attempts = element("ol");
    attempts.append(...one.history.map((each) => {
      const item = element("li");
      item.append(`${each.kind} `, moment(each.at), each.error ? `: ${each.error.split("\n")[0]}` : "");
      return item;
    }));
    const taken = element("pre", JSON.stringify({ key: one.key, data: one.data }, null, 2));
    const error = element("pre", one.error);
    taken.tabIndex = error.tabIndex = 0;
    whole.append(taken, attempts, error);
  };
  whole.addEventListener("toggle", () => {
    if (whole.open && whole.children.length === 1) fill().catch(fail);
  });
  return whole;
}

function card(each, again) {
  const article = element("article");
  article.id = each.id;
  const title = element("h2", each.topic);
  title.tabIndex = -1;
  const about = element("p", `${each.runner} · ${REASONS[each.reason] || each.reason} · ${counted(each.attempts, "attempt")} · died `, "quiet about");
  about.append(moment(each.died));
  const line = element("p", undefined, "actions");
  const go = action("Redrive", () => redrive({ ids: [each.id] }), again);
  const purge = action("Remove …", async () => {
    if (!(await ask("Remove this dead letter?", "What was in it is not done any more. This cannot be undone.", "Remove"))) return;
    await call("POST", `${API}/purge`, { ids: [each.id] });
    told("The dead letter is removed.");
    again();
  });
  const message = element("a", "The message");
  message.href = `/ui/messages#${encodeURIComponent(each.message_id)}`;
  go.setAttribute("aria-label", `Redrive ${each.topic}: ${each.error}`);
  line.append(go, purge, message);
  article.append(title, about, element("p", each.error, "words bad"), content(each.id), line);
  return article;
}

function grouped({ groups, count, more }) {
  const shown = groups.slice(0, 5).map((each) => `${each.count} × ${each.topic}: ${each.error}`);
  return [`${counted(count, "dead letter")}${more ? " at least" : ""}.`, ...shown, groups.length > 5 ? `and ${groups.length - 5} other errors` : ""].filter(Boolean).join("\n");
}

// Those that fit the filters above, or all: first what would be done, then, if it is meant, with progress.
function bulk({ again, query }) {
  const line = element("p", undefined, "actions");
  const place = element("div");
  const chosen = () => {
    const values = Object.fromEntries([...query()].filter(([name]) => name !== "limit"));
    return Object.keys(values).length ? values : { all: true };
  };
  const doing = (name, path, ending, detail) => async () => {
    const choice = chosen();
    const preview = await call("POST", `${API}/${path}`, { ...choice, preview: true });
    if (!preview.count) return told("There is none that fits.");
    if (!(await ask(`${name} ${counted(preview.count, "dead letter")}?`, `${grouped(preview)}\n\n${detail}`, name))) return undefined;
    const shown = meter(name);
    place.replaceChildren(shown.whole);
    const result = await run(`${API}/${path}`, { ...choice, ...(path === "redrive" ? { stop_after: 10 } : {}) }, shown.tell);
    shown.end(`${ending(result)}.`);
    return again();
  };
  line.append(
    action("Redrive what fits …", doing("Redrive", "redrive", redriven, "A few go first; it stops where ten fail again.")),
    action("Remove what fits …", doing("Remove", "purge", (result) => `${counted(result.purged, "dead letter")} removed`, "This cannot be undone.")),
  );
  return [line, place];
}

export const dead = {
  title: "Dead letters",
  about: "Work that could not be done, with the reason. Mend the reason, then let it go again.",
  path: () => API,
  none: () => empty("No dead letter.", ["All that was tried was done, or is being tried still. What fails as often as its topic allows is kept here."]),
  filters: [
    { name: "error", label: "Error" },
    { name: "topic", label: "Topic" },
    { name: "reason", label: "Reason", values: () => Object.keys(REASONS).map((each) => [each, each]) },
  ],
  tools: bulk,
  card,
};
