// How far the analysis of what came in is: what is left of it, and about how long that takes.
import { element } from "/ui/api.js";

const STEPS = { conversation_note_analysis: "to be analysed", needle_mover: "to be matched" };
const SHORT = 10; // so few are done before anybody has read a line about them
const begun = {}; // the most that was left since it was nothing, and when

function rest(topic, left) {
  if (!left) delete begun[topic];
  else if (!begun[topic] || left > begun[topic].left) begun[topic] = { left, at: Date.now() };
  const start = begun[topic];
  if (!start || start.left === left) return "";
  const minutes = Math.ceil((left * (Date.now() - start.at)) / (start.left - left) / 60_000);
  return minutes > 1 ? `, about ${minutes.toLocaleString()} minutes` : ", less than a minute";
}

export function showFar(counts, before) {
  let line = document.getElementById("far");
  if (!line) {
    line = element("p", "", "quiet");
    line.id = "far";
    before.before(line);
  }
  const parts = Object.entries(STEPS).map(([topic, words]) => {
    const left = counts[topic]?.unfinished || 0;
    const more = rest(topic, left);
    return left >= SHORT ? `${left.toLocaleString()} ${words}${more}` : "";
  });
  const text = parts.filter(Boolean).join("; ");
  if (line.textContent !== text) line.textContent = text;
  line.hidden = !text;
}
