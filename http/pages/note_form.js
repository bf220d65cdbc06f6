// A note's own form: title and text. Who changed the note meanwhile is not overwritten unseen: theirs is shown beside it.
import { call, element } from "/ui/api.js";
import { editForm, typed, wrong } from "/ui/edit_form.js";
import { rendered } from "/ui/markdown.js";

const api = (id) => `/api/notes/${encodeURIComponent(id)}`;
const NAMES = ["title", "body_md"];
const FIELDS = [
  ["title", "Title", () => typed("text", { maxLength: 1000, autocomplete: "off" })],
  ["body_md", "Text (Markdown)", () => Object.assign(element("textarea"), { rows: 10 })],
];

function check({ title, body_md: body }) {
  if (!title.value.trim() && !body.value.trim()) wrong(body, "Write something: a text, a title, or both.");
}

// A field gives lines without carriage returns: what differs only by them is as it was.
const same = (text) => text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");

function changes(elements, note) {
  return Object.fromEntries(NAMES.map((name) => [name, elements[name].value]).filter(([name, value]) => value !== same(note[name])));
}

// Writes `given` where `note` is still the version of now, and reads what it is then.
export async function write(note, given) {
  await call("PUT", api(note.id), { ...given, version: note.version });
  return call("GET", api(note.id));
}

function theirs(form, note) {
  const whole = element("details", undefined, "theirs");
  whole.open = true;
  whole.append(element("summary", `What the note says now (${note.version})`), element("h3", note.title), rendered(note.body_md).whole);
  form.querySelector(".theirs")?.remove();
  form.append(whole);
  wrong(form.elements.body_md, `Somebody changed this note meanwhile, and yours is not saved. Theirs (${note.version}) stands below: Save puts yours in its place.`);
  form.elements.body_md.focus();
}

// `saved(now, before)` shows the note as it is then; `left(now, unsaved)` too, and may offer what was written again.
export function noteForm(note, written, saved, left) {
  let base = note; // what a change is made from
  const save = async (elements) => {
    const given = changes(elements, base);
    if (!Object.keys(given).length) return left(base, null);
    const before = base;
    try {
      return saved(await write(base, given), before);
    } catch (error) {
      if (error.code !== "changed_meanwhile") throw error;
      base = await call("GET", api(note.id));
      return theirs(form, base);
    }
  };
  const leave = () => {
    const unsaved = changes(form.elements, base);
    left(base, Object.keys(unsaved).length ? unsaved : null);
  };
  const label = `Edit: ${note.title || "Without a title"}`;
  const form = editForm({ id: note.id, label, button: "Save", fields: FIELDS, value: { ...note, ...written }, check, save, left: leave });
  return form;
}

// Folded until it is pressed; what is written in it stays there when it is left. `added(note)` tells what came of it.
export function newNote(added) {
  const whole = element("details", undefined, "tools");
  const title = element("summary", "A new note");
  const close = () => {
    whole.open = false;
    title.focus();
  };
  const save = async (elements) => {
    const given = Object.fromEntries(NAMES.map((name) => [name, elements[name].value]));
    const { id } = await call("POST", "/api/notes", given);
    form.reset();
    close();
    added({ id, ...given });
  };
  const form = editForm({ id: "new-note", label: "A new note", button: "Add", fields: FIELDS, value: {}, check, save, left: close });
  whole.append(title, form);
  whole.addEventListener("toggle", () => whole.open && form.elements.title.focus());
  return whole;
}
