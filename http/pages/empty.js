// What stands where there is nothing: why, and what to do next.
import { element } from "/ui/api.js";

export function empty(title, words) {
  const whole = element("div", undefined, "empty");
  const line = element("p");
  line.append(...words);
  whole.append(element("p", title, "lead"), line);
  return whole;
}
