// A form in the place of what it changes: what was wrong stands beside its field, Enter saves, Escape leaves.
import { element, fail } from "/ui/api.js";
import { action, submits } from "/ui/evidence.js";

export function typed(type, more = {}) {
  return Object.assign(element("input"), { type, ...more });
}

// What is wrong with one field, where whoever writes in it reads it.
export function wrong(field, words) {
  const place = document.getElementById(field.getAttribute("aria-describedby"));
  place.textContent = words;
  field.setAttribute("aria-invalid", String(Boolean(words)));
}

function shownErrors(form, error) {
  const known = (error.errors || []).filter((each) => form.elements.namedItem(each.field));
  for (const each of known) wrong(form.elements.namedItem(each.field), [each.message, each.hint].filter(Boolean).join(" · "));
  if (!known.length) return fail(error);
  return form.elements.namedItem(known[0].field).focus();
}

function valid(form, fields, check) {
  for (const [name] of fields) wrong(form.elements[name], form.elements[name].validationMessage);
  check(form.elements);
  const first = fields.map(([name]) => form.elements[name]).find((each) => each.getAttribute("aria-invalid") === "true");
  first?.focus();
  return !first;
}

// `fields` are [name, words, makes the field]; `check(elements)` tells with `wrong` what the fields can't know;
// `save()` sends what is written: what it is refused for is shown; `left()` leaves.
export function editForm({ id, label, button, fields, value, check, save, left }) {
  const form = element("form", undefined, "edit");
  form.setAttribute("aria-label", label);
  form.noValidate = true;
  for (const [name, words, made] of fields) {
    const place = element("label", words, `field-${name}`);
    const field = made();
    field.name = name;
    field.value = value[name] ?? "";
    const problem = element("span", "", "bad");
    problem.id = `${id}-${name}-problem`;
    problem.setAttribute("role", "alert");
    field.setAttribute("aria-describedby", problem.id);
    place.append(field, problem);
    form.append(place);
  }
  const send = action(button, async () => {
    if (valid(form, fields, check)) await save(form.elements).catch((error) => shownErrors(form, error));
  });
  const line = element("p", undefined, "actions");
  line.append(send, action("Cancel", async () => left()));
  form.append(line);
  submits(form, send);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    left();
  });
  return form;
}
