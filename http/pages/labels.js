// Labels: a colour and a name (the server says which) for each, and what a person says of one that was found: it is right, or it is not.
import { call, element, fail, plain } from "/ui/api.js";
import { quoted } from "/ui/inline.js";
import { stop } from "/ui/keys.js";
import { told } from "/ui/told.js";

const HUES = 12;
const SIGNS = { confirmed: "✓ ", rejected: "✗ ", machine: "" };
const WORDS = { confirmed: "confirmed", rejected: "rejected", machine: "given back to the machine" };
const known = new Map();

export async function loadLabels() {
  const found = await call("GET", "/api/labels");
  found.items.forEach((label, index) => known.set(label.key, { ...label, hue: `hue-${index % HUES}` }));
}

export const nameOf = (key) => known.get(key)?.name || plain(key);
export const hueOf = (key) => known.get(key)?.hue || "hue-0";

export const keys = () => [...known.keys()].map((key) => [key, nameOf(key)]).sort(([, a], [, b]) => a.localeCompare(b));

export function name(key) {
  const made = element("span", nameOf(key), `chip ${hueOf(key)}`);
  made.title = known.get(key)?.prompt || nameOf(key);
  return made;
}

export function legend(keys) {
  return keys.map((key) => {
    const item = element("li");
    item.append(name(key));
    return item;
  });
}

// A label that was found: a press opens what it means and the choice; y and n decide at once.
export function chip(entry) {
  const whole = element("span", undefined, "verdict");
  const button = element("button", undefined, `chip ${hueOf(entry.label)}`);
  button.type = "button";
  whole.append(button);
  const show = () => {
    button.textContent = `${SIGNS[entry.state] || ""}${nameOf(entry.label)}`;
    button.classList.toggle("no", entry.state === "rejected");
    button.setAttribute("aria-label", `${nameOf(entry.label)}, ${entry.state === "machine" ? "not decided" : entry.state}`);
    button.setAttribute("aria-expanded", String(whole.lastChild !== button));
  };
  const turn = async (state, tell = true) => {
    const before = entry.state;
    if (before === state) return told(`${nameOf(entry.label)} is ${WORDS[state]} already.`);
    entry.state = (await call("PUT", `/api/content_labels/${encodeURIComponent(entry.id)}`, { state })).state;
    show();
    const words = `${nameOf(entry.label)} ${WORDS[entry.state]}.`;
    if (tell) told(words, () => turn(before, false));
    return words;
  };
  const choose = () => {
    if (whole.lastChild !== button) whole.lastChild.remove();
    else whole.append(choice(entry, (state) => turn(state).then(choose).catch(fail)));
    show();
  };
  button.addEventListener("click", choose);
  show();
  return stop(button, { yes: () => turn("confirmed"), no: () => turn("rejected") }) && whole;
}

function choice(entry, decide) {
  const line = element("span", undefined, "choice");
  const sure = `${Math.round(entry.score * 100)} % sure`;
  const about = known.get(entry.label)?.prompt || nameOf(entry.label);
  line.append(element("span", `${about} (${sure})`, "quiet"));
  if (entry.evidence[0]) line.append(element("span", `“${quoted(entry.evidence[0].quote, entry.evidence[0].message_id ? "conversation" : "note")}”`, "quiet"));
  for (const [state, words] of [["confirmed", "Confirm"], ["rejected", "Reject"], ["machine", "Give back"]]) {
    if (state === entry.state) continue;
    const button = element("button", words, "small");
    button.type = "button";
    button.addEventListener("click", () => decide(state));
    line.append(button);
  }
  return line;
}
