// Notes, each with its text and the evidence of its labels marked in it.
import { call, element, plain } from "/ui/api.js";
import { also } from "/ui/also.js";
import { empty } from "/ui/empty.js";
import { placeOf } from "/ui/evidence.js";
import { keys } from "/ui/labels.js";
import { rendered } from "/ui/markdown.js";
import { spansOf } from "/ui/marks.js";
import { moment } from "/ui/moments.js";

const KINDS = ["manual", "chat_summary", "meeting_summary", "service_result"];
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
  const made = rendered(note.body_md.trimEnd(), spansOf(note.labels));
  made.whole.append(...also(note.labels, made.named));
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

async function one(id) {
  const note = await call("GET", api(id));
  const article = element("article");
  article.id = note.id;
  const title = element("h2");
  const link = element("a", note.title || "Without a title");
  link.href = `/ui/notes#${encodeURIComponent(note.id)}`;
  title.append(link);
  title.tabIndex = -1;
  article.append(title, about(note), ...folded(body(note)));
  return article;
}

export const notes = {
  title: "Notes",
  about: "What people wrote down, and the summaries that were made of meetings and conversations.",
  path: () => "/api/notes",
  none: () => empty("No note yet.", ["Notes come from files (", element("code", "needlework import note.txt"), "), from ", element("code", "POST /api/notes"), ", and from meetings that have ended."]),
  filters: [
    { name: "q", label: "Search" },
    { name: "kind", label: "Kind", values: () => KINDS.map((kind) => [kind, plain(kind)]) },
    { name: "label", label: "Label", values: keys },
  ],
  card: (note) => one(note.id),
  one,
};
