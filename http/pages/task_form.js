// A task's own form, in the place of its words: title, owner, day, state, account; what was wrong stands beside its field.
import { call, element, fail, plain } from "/ui/api.js";
import { accountNames } from "/ui/accounts.js";
import { action, submits } from "/ui/evidence.js";

const STATUSES = ["suggested", "open", "in_progress", "done", "dismissed"];
export const OWNERS = "task-owners";

function choice(options) {
  const field = element("select");
  for (const [value, name] of options) field.append(new Option(name, value));
  return field;
}

function typed(type, more = {}) {
  return Object.assign(element("input"), { type, ...more });
}

const FIELDS = [
  ["title", "Title", () => typed("text", { required: true, maxLength: 200 })],
  ["assignee", "Owner", () => typed("text", { maxLength: 200, autocomplete: "off" })],
  ["due_on", "Due", () => typed("date")],
  ["status", "State", () => choice(STATUSES.map((each) => [each, plain(each)]))],
  ["account_id", "Account", () => choice([["", "none"], ...accountNames()])],
];

// What is wrong with one field, where whoever writes in it reads it.
function wrong(field, words) {
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

function valid(form) {
  for (const [name] of FIELDS) wrong(form.elements[name], form.elements[name].validationMessage);
  if (!form.elements.title.value.trim()) wrong(form.elements.title, "Say what is to be done.");
  const first = FIELDS.map(([name]) => form.elements[name]).find((each) => each.getAttribute("aria-invalid") === "true");
  first?.focus();
  return !first;
}

// Only what differs is sent; an empty owner, day or account is none.
function changes(form, task) {
  const found = {};
  for (const [name] of FIELDS) {
    const value = form.elements[name].value.trim() || null;
    if (value !== (task[name] ?? null)) found[name] = value;
  }
  return found;
}

// `saved(now, before)` shows the task as it is then, `left()` as it was.
export function taskForm(task, saved, left) {
  const form = element("form", undefined, "edit");
  form.setAttribute("aria-label", `Edit: ${task.title}`);
  form.noValidate = true;
  for (const [name, words, made] of FIELDS) {
    const label = element("label", words, `field-${name}`);
    const field = made();
    field.name = name;
    field.value = task[name] ?? "";
    if (name === "assignee") field.setAttribute("list", OWNERS);
    if (name === "account_id" && field.value !== (task[name] ?? "")) {
      field.append(new Option(task[name], task[name]));
      field.value = task[name];
    }
    const problem = element("span", "", "bad");
    problem.id = `${task.id}-${name}-problem`;
    problem.setAttribute("role", "alert");
    field.setAttribute("aria-describedby", problem.id);
    label.append(field, problem);
    form.append(label);
  }
  const save = action("Save", async () => {
    if (!valid(form)) return;
    const given = changes(form, task);
    if (!Object.keys(given).length) return left();
    const before = Object.fromEntries(Object.keys(given).map((name) => [name, task[name] ?? null]));
    let now;
    try {
      now = await call("PUT", `/api/tasks/${encodeURIComponent(task.id)}`, given);
    } catch (error) {
      return shownErrors(form, error);
    }
    return saved(now, before);
  });
  const cancel = action("Cancel", async () => left());
  const line = element("p", undefined, "actions");
  line.append(save, cancel);
  form.append(line);
  submits(form, save);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    left();
  });
  return form;
}
