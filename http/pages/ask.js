// A question before what cannot be taken back; Escape is no.
import { element } from "/ui/api.js";

export function ask(title, detail, yes) {
  const dialog = element("dialog");
  dialog.setAttribute("aria-label", title);
  const form = element("form");
  form.method = "dialog";
  const line = element("p", undefined, "actions");
  const no = element("button", "Cancel", "small");
  no.value = "no";
  const sure = element("button", yes, "grave");
  sure.value = "yes";
  line.append(no, sure);
  form.append(element("h2", title), element("p", detail), line);
  dialog.append(form);
  document.body.append(dialog);
  const focused = document.activeElement;
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      focused?.focus();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
    no.focus();
  });
}
