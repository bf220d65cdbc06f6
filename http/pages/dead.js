// Dead letters: the newest with why they died, each with a button that lets it go again.
import { call, element } from "/ui/api.js";
import { moment } from "/ui/moments.js";

const SHOWN = 10;
const byId = (id) => document.getElementById(id);

function letter(each, fail) {
  const item = element("li");
  const button = element("button", "Redrive");
  button.type = "button";
  button.setAttribute("aria-label", `Redrive ${each.topic}: ${each.error}`);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await call("POST", "/api/internal/dead/redrive", { ids: [each.id] });
      await showDead(fail);
    } catch (error) {
      button.removeAttribute("aria-disabled");
      fail(error);
    }
  });
  const text = element("p");
  text.append(element("b", each.topic), ` ${each.error} `, element("span", `(${each.reason})`, "quiet"), " ", moment(each.died));
  item.append(text, button);
  return item;
}

export async function showDead(fail) {
  const page = await call("GET", `/api/internal/dead?limit=${SHOWN}`);
  const key = JSON.stringify(page.items.map((each) => each.id + each.died));
  const list = byId("dead-letters");
  byId("dead").hidden = page.items.length === 0;
  byId("dead-more").hidden = page.next_cursor === null;
  if (list.dataset.shown === key) return; // a button keeps its focus
  list.dataset.shown = key;
  list.replaceChildren(...page.items.map((each) => letter(each, fail)));
}
