// Notes, each with its text and the evidence of its labels marked in it.
import { call, element, plain } from "/ui/api.js";
import { also } from "/ui/also.js";
import { empty } from "/ui/empty.js";
import { action, placeOf } from "/ui/evidence.js";
import { stop } from "/ui/keys.js";
import { keys } from "/ui/labels.js";
import { rendered } from "/ui/markdown.js";
import { spansOf } from "/ui/marks.js";
import { moment } from "/ui/moments.js";
import { newNote, noteForm, write } from "/ui/note_form.js";
import { told } from "/ui/told.js";

const KINDS = ["manual", "chat_summary", "meeting_summary", "service_result"];
const MADE = ["chat_summary", "meeting_summary"]; // written anew by the service, over what a person changed
const api = (id) => `/api/notes/${encodeURIComponent(id)}`;

function about(note) {
  const line = element("p", [plain(note.kind), note.author, note.version].filter(Boolean).join(" · "), "quiet about");
  line.append(" · ", moment(note.updated_at));
  if (note.conversation_id) {
    const link = element("a", "the conversation");
    link.href = placeOf("conversation", note.conversation_id);
    line.append(" · ", link);
  }
  return line;
}

export function body(note) {
  const labels = note.analyzed_version === note.shown_version ? note.labels : []; // another version's have other places
  const made = rendered(note.body_md.trimEnd(), spansOf(labels));
  made.whole.append(...also(labels, made.named));
  return made.whole;
}

// In a list a long text is cut; a press, or the focus on something in it, opens it.
export function folded(prose) {
  if (location.hash) return [prose];
  const button = element("button", "Show all", "small");
  button.type = "button";
  const open = () => {
    prose.classList.remove("cut");
    button.remove();
  };
  prose.classList.add("cut");
  button.addEventListener("click", () => {
    open();
    prose.tabIndex = -1;
    prose.focus();
  });
  prose.addEventListener("focusin", open);
  new ResizeObserver(([entry], watching) => {
    if (!entry.contentRect.height) return;
    watching.disconnect();
    if (prose.scrollHeight <= prose.clientHeight + 40) open();
  }).observe(prose);
  return [prose, button];
}

function replace(note) {
  const made = filled(note);
  document.getElementById(note.id)?.replaceWith(made);
  made.querySelector("h2").focus({ preventScroll: true });
}

const nameOf = (note) => `“${note.title || "Without a title"}”`;

// The card becomes a form; saved, it can be made what it was; left, what was written can be taken up again.
function edit(note, written = {}) {
  const article = document.getElementById(note.id);
  if (!article || article.querySelector("form.edit")) return;
  const saved = (now, before) => {
    replace(now);
    told(`${nameOf(now)} is saved.`, async () => {
      const back = await write(now, { title: before.title, body_md: before.body_md });
      replace(back);
      return `${nameOf(back)} is as it was.`;
    });
  };
  const left = (now, unsaved) => {
    replace(now);
    if (!unsaved) return;
    told(`${nameOf(now)} is not changed.`, async () => {
      edit(now, unsaved);
      return "What you wrote is in the form again.";
    });
  };
  const form = noteForm(note, written, saved, left);
  article.replaceChildren(form);
  form.elements.body_md.focus();
}

function filled(note) {
  const article = element("article");
  article.id = note.id;
  const title = element("h2");
  const link = element("a", note.title || "Without a title");
  link.href = `/ui/notes#${encodeURIComponent(note.id)}`;
  title.append(link);
  title.tabIndex = -1;
  article.append(title, about(note), ...folded(body(note)));
  if (MADE.includes(note.kind)) return article;
  const button = action("Edit", async () => edit(note));
  button.setAttribute("aria-label", `Edit: ${note.title || "Without a title"}`);
  const line = element("p", undefined, "actions");
  line.append(button);
  article.append(line);
  stop(title, { edit: async () => edit(note) });
  return article;
}

const one = async (id) => filled(await call("GET", api(id)));

function tools({ again }) {
  const added = (note) => {
    again();
    told(`${nameOf(note)} is written down.`);
  };
  return [newNote(added)];
}

export const notes = {
  title: "Notes",
  about: "What people wrote down, and the summaries that were made of meetings and conversations.",
  path: () => "/api/notes",
  none: () => empty("No note yet.", ["Write one above, or bring files (", element("code", "needlework import note.txt"), "). Meetings that have ended and conversations give some too."]),
  filters: [
    { name: "q", label: "Search" },
    { name: "kind", label: "Kind", values: () => KINDS.map((kind) => [kind, plain(kind)]) },
    { name: "label", label: "Label", values: keys },
  ],
  tools,
  card: (note) => one(note.id),
  one,
};
