// One needle mover, all of it: the parts of its impact, its evidence to be decided, its actions, and what it is merged with.
import { call, counted, element, fail } from "/ui/api.js";
import { actions } from "/ui/actions.js";
import { ask } from "/ui/ask.js";
import { action, quote } from "/ui/evidence.js";
import { breakdown, weekly } from "/ui/impact.js";
import { quoted } from "/ui/inline.js";
import { stop } from "/ui/keys.js";
import { told } from "/ui/told.js";

const MOST = 500;
const OTHERS = 200;
const api = (id) => `/api/v2/needle_movers/${encodeURIComponent(id)}`;
const NAMES = {
  linked: (count) => `All ${counted(count, "statement")}`,
  suggested: (count) => `${count} more may belong here`,
  rejected: (count) => `${count} that ${count === 1 ? "does" : "do"} not belong here`,
};
const WAYS = {
  linked: { rejected: "It does not belong here" },
  suggested: { linked: "It does", rejected: "It does not" },
  rejected: { linked: "It does belong here" },
};
const SAID = { linked: "It belongs here.", rejected: "It does not belong here." };

export async function found(mover, state) {
  const page = await call("GET", `${api(mover.id)}/evidence?limit=${MOST}&state=${state}`);
  return page.items.sort((a, b) => b.said_at.localeCompare(a.said_at));
}

// A sentence that carries several labels is one statement: shown once with all of them, and decided as one.
export function statements(items) {
  const found = new Map();
  for (const each of items) {
    const place = [each.content_id, each.span.message_id, each.span.start].join(" ");
    const known = found.get(place);
    if (!known) found.set(place, { ...each, labels: [each.label], ids: [each.id] });
    else {
      known.labels.push(each.label);
      known.ids.push(each.id);
    }
  }
  return [...found.values()];
}

// A statement with its choice. `again` shows the list anew after a decision.
function piece(mover, each, again) {
  const decide = (state, back) => async () => {
    for (const id of each.ids) await call("PUT", `${api(mover.id)}/evidence/${encodeURIComponent(id)}`, { state });
    await again();
    // What was a suggestion cannot be one again: the way back of it is the other decision.
    const before = each.state === "suggested" ? { linked: "rejected", rejected: "linked" }[state] : each.state;
    if (!back) told(SAID[state], async () => (await decide(before, true)(), SAID[before]));
  };
  const line = element("p", undefined, "actions");
  for (const [state, name] of Object.entries(WAYS[each.state])) {
    const button = action(name, decide(state));
    button.setAttribute("aria-label", `${name}: ${quoted(each.span.quote, each.content_type).slice(0, 80)}`);
    line.append(button);
  }
  const item = quote(each, line);
  const { linked, rejected } = WAYS[each.state];
  return stop(item, { yes: linked && decide("linked"), no: rejected && decide("rejected") });
}

export function pieces(mover, state, items = null) {
  const whole = element("details");
  const list = element("ul", undefined, "quotes");
  whole.append(element("summary", NAMES[state](mover.evidence[state])), list);
  const fill = (each) => list.replaceChildren(...statements(each).map((one) => piece(mover, one, again)));
  const again = async () => {
    const before = [...list.children].indexOf(document.activeElement?.closest("li"));
    fill(await found(mover, state));
    if (before >= 0) (list.children[Math.min(before, list.children.length - 1)] || whole.querySelector("summary")).focus();
  };
  if (items) fill(items);
  whole.addEventListener("toggle", () => {
    if (whole.open && !list.children.length) again().catch(fail);
  });
  return whole;
}

async function merging(mover) {
  const page = await call("GET", `/api/v2/needle_movers?limit=${OTHERS}`);
  const others = page.items.filter((each) => each.id !== mover.id);
  if (!others.length) return [];
  const whole = element("details");
  const form = element("form", undefined, "merge");
  const label = element("label", "It is part of");
  const choice = element("select");
  choice.append(...others.map((each) => new Option(each.title, each.id)));
  label.append(choice);
  const button = element("button", "Merge", "small");
  form.append(label, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const into = others.find((each) => each.id === choice.value);
    const detail = `Its evidence and tasks go over to “${into.title}”. This cannot be undone.`;
    ask(`Merge “${mover.title}”?`, detail, "Merge")
      .then(async (yes) => {
        if (!yes) return;
        await call("POST", `${api(mover.id)}/merge`, { into: into.id });
        location.hash = encodeURIComponent(into.id);
      })
      .catch(fail);
  });
  whole.append(element("summary", "The same as another?"), form);
  return [whole];
}

function gone(mover) {
  const line = element("p", "It was merged into ");
  const link = element("a", "another needle mover");
  link.href = `/ui/needle_movers#${encodeURIComponent(mover.merged_into)}`;
  line.append(link, ".");
  return line;
}

export async function details(mover, linked) {
  const pictures = element("div", undefined, "pictures");
  pictures.append(breakdown(mover), weekly(statements(linked)));
  const lists = ["suggested", "linked", "rejected"].filter((state) => mover.evidence[state]);
  const shown = lists.map((state) => pieces(mover, state, state === "linked" ? linked : null));
  for (const each of shown.slice(0, 2)) each.open = true;
  if (mover.merged_into) return [gone(mover), pictures, ...shown];
  return [pictures, await actions(mover), ...shown, ...(await merging(mover))];
}
