// Work without a mouse: j and k move between what can be decided, y and n decide, u takes back, ? tells.
import { element, fail } from "/ui/api.js";
import { told, undo } from "/ui/told.js";

const KEYS = [
  ["j, k", "next, previous thing to decide"],
  ["y", "yes: confirm the label, accept the task, approve the action, it belongs here"],
  ["n", "no: reject, dismiss, it does not belong here"],
  ["e", "edit the task or note"],
  ["u", "take the last decision back"],
  ["/", "search"],
  ["?", "these keys"],
  ["Escape", "close"],
];
const ways = new WeakMap();
let last = null;

// `yes` and `no` are functions that return promises, or missing where there is nothing to decide.
export function stop(place, { yes, no, edit } = {}) {
  place.dataset.stop = "";
  ways.set(place, { y: yes, n: no, e: edit });
  if (place.tabIndex < 0) place.tabIndex = -1;
  return place;
}

const stops = () => [...document.querySelectorAll("[data-stop]")].filter((each) => each.getClientRects().length);

function current() {
  const focused = document.activeElement?.closest("[data-stop]");
  if (focused) return focused;
  const inside = document.activeElement?.closest(".verdict, li, article")?.querySelector("[data-stop]");
  return inside || (last?.isConnected ? last : null);
}

function move(step) {
  const all = stops();
  if (!all.length) return told("There is nothing to decide on this page.");
  const here = all.indexOf(current());
  const below = all.findIndex((each) => each.getBoundingClientRect().top > 0);
  const to = here < 0 ? Math.max(0, below) : Math.min(all.length - 1, Math.max(0, here + step));
  last = all[to];
  last.focus({ preventScroll: true });
  last.scrollIntoView({ block: "nearest" });
}

function decide(key) {
  const here = current();
  if (!here) return told("Choose something first: j goes to the next, k to the one before.");
  const way = ways.get(here)?.[key];
  if (!way) return told(key === "e" ? "This cannot be edited here." : `There is no ${key === "y" ? "yes" : "no"} to this.`);
  last = here;
  return way();
}

export function help() {
  const dialog = element("dialog", undefined, "help");
  dialog.setAttribute("aria-label", "Keys");
  const form = element("form");
  form.method = "dialog";
  const list = element("dl");
  for (const [keys, what] of KEYS) {
    const name = element("dt");
    keys.split(", ").forEach((key, index) => name.append(...(index ? [" "] : []), element("kbd", key)));
    list.append(name, element("dd", what));
  }
  form.append(element("h2", "Keys"), list, element("button", "Close"));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const DOES = {
  j: () => move(1),
  k: () => move(-1),
  y: () => decide("y"),
  n: () => decide("n"),
  e: () => decide("e"),
  u: undo,
  "?": help,
  "/": () => document.querySelector("[type=search]")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea, dialog") || !(event.key in DOES)) return;
  event.preventDefault();
  Promise.resolve(DOES[event.key]()).catch(fail);
});
