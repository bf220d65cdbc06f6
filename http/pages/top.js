// The needle movers of the greatest impact, as lines.
import { call, element } from "/ui/api.js";
import { nameOf } from "/ui/labels.js";

const TOP = 3;

export async function showTop() {
  const page = await call("GET", `/api/v2/needle_movers?limit=${TOP}`);
  const list = document.getElementById("top-movers");
  const state = JSON.stringify(page.items.map((each) => [each.id, each.impact, each.title, each.status, each.accounts]));
  document.getElementById("movers").hidden = page.items.length === 0;
  if (list.dataset.shown === state) return;
  list.dataset.shown = state;
  list.replaceChildren(
    ...page.items.map((each) => {
      const item = element("li");
      const words = element("p");
      const people = `${each.accounts} ${each.accounts === 1 ? "account" : "accounts"}`;
      words.append(element("b", String(each.impact)), ` ${each.title} `, element("span", `${nameOf(each.kind)} · ${people}`, "quiet"));
      item.append(words);
      return item;
    }),
  );
}
