// What a person just did, told in words at the foot of the page, with the way back where there is one.
import { element, fail } from "/ui/api.js";

let back = null;
const words = element("p");
words.setAttribute("role", "status");
const undoing = element("button", "Undo", "small");
undoing.type = "button";
undoing.title = "u";
const closing = element("button", "Close", "small");
closing.type = "button";
const place = element("div", undefined, "told");
place.id = "told-now";
place.hidden = true;
place.append(undoing, closing);
const whole = element("div", undefined, "teller");
whole.append(words, place);
document.body.append(whole);

export function told(text, undo = null) {
  words.textContent = text;
  back = undo;
  place.hidden = false;
  undoing.hidden = undo === null;
  whole.classList.add("open");
}

function close() {
  place.hidden = true;
  words.textContent = "";
  back = null;
  whole.classList.remove("open");
}

export async function undo() {
  const way = back;
  if (way === null) return;
  back = null; // once
  undoing.hidden = true;
  try {
    told((await way()) || "Taken back.");
  } catch (error) {
    fail(error);
    close();
  }
}

undoing.addEventListener("click", undo);
closing.addEventListener("click", close);
