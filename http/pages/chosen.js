// Several tasks at once: a box in each card, and a line that says how many are chosen and decides them together.
import { byId, counted, element } from "/ui/api.js";
import { action } from "/ui/evidence.js";
import { told } from "/ui/told.js";

const boxes = () => [...document.querySelectorAll("#list > article .choose input")];
const chosen = () => boxes().filter((each) => each.checked);
let tell = () => {};

export function box(task) {
  const label = element("label", undefined, "choose");
  const field = element("input");
  field.type = "checkbox";
  field.value = task.id;
  field.setAttribute("aria-label", `Choose: ${task.title}`);
  field.addEventListener("change", () => tell());
  label.append(field);
  return label;
}

// One after the other: each is a decision of its own, and what is refused stops no other.
async function each(ids, does) {
  const done = [];
  const refused = [];
  for (const id of ids) {
    try {
      done.push(await does(id));
    } catch (error) {
      refused.push(error);
    }
  }
  return { done, refused };
}

// `ways`: name -> [what a task becomes by it, does(id)]; `back(task)` makes one what it was.
export function chooser(ways, { before, back, again }) {
  const whole = element("div", undefined, "chosen actions");
  whole.setAttribute("role", "group");
  whole.setAttribute("aria-label", "Tasks that are chosen");
  const all = element("input");
  all.type = "checkbox";
  const label = element("label");
  label.append(all, " All shown");
  const words = element("span", "", "quiet");
  words.setAttribute("role", "status");
  const buttons = Object.entries(ways).map(([name, [became, does]]) =>
    action(name, async () => {
      const ids = chosen().map((one) => one.value);
      if (!ids.length) return told("Choose tasks first: the box beside each title.");
      const old = new Map(ids.map((id) => [id, before(id)]));
      const { done, refused } = await each(ids, does);
      await again();
      const undo = async () => {
        const { done: given } = await each(done.map((one) => one.id), (id) => back(id, old.get(id)));
        await again();
        return `${counted(given.length, "task")} as before.`;
      };
      const rest = refused.length ? ` ${counted(refused.length, "task")} not: ${refused[0].message}` : "";
      return told(`${counted(done.length, "task")} ${became}.${rest}`, done.length ? undo : null);
    }),
  );
  tell = () => {
    const [count, of] = [chosen().length, boxes().length];
    whole.hidden = of === 0;
    all.checked = count > 0 && count === of;
    all.indeterminate = count > 0 && count < of;
    words.textContent = count ? `${count} chosen` : "";
    for (const button of buttons) button.hidden = count === 0;
  };
  all.addEventListener("change", () => {
    for (const one of boxes()) one.checked = all.checked;
    tell();
  });
  new MutationObserver(() => tell()).observe(byId("list"), { childList: true });
  whole.append(label, ...buttons, words);
  tell();
  return whole;
}
