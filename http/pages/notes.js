// Notes, each with its text and the evidence of its labels marked in it.
import { call, element } from "/ui/api.js";
import { marked, nameOf, keys } from "/ui/labels.js";
import { moment } from "/ui/moments.js";

const KINDS = ["manual", "chat_summary", "meeting_summary", "service_result"];
const api = (id) => `/api/notes/${encodeURIComponent(id)}`;

function about(note) {
  const line = element("p", [nameOf(note.kind), note.author, note.version].filter(Boolean).join(" · "), "quiet");
  line.append(" · ", moment(note.updated_at));
  return line;
}

export function body(note) {
  const spans = note.labels.flatMap((label) => label.evidence.map((span) => ({ ...span, label: label.label })));
  return marked(note.body_md.trimEnd(), spans);
}

async function one(id) {
  const note = await call("GET", api(id));
  const article = element("article");
  article.id = note.id;
  const title = element("h2", note.title || "Without a title");
  title.tabIndex = -1;
  article.append(title, about(note), body(note));
  return article;
}

export const notes = {
  title: "Notes",
  path: "/api/notes",
  none: "No note.",
  filters: [
    { name: "q", label: "Search" },
    { name: "kind", label: "Kind", values: () => KINDS.map((kind) => [kind, nameOf(kind)]) },
    { name: "label", label: "Label", values: keys },
  ],
  card: (note) => one(note.id),
  one,
};
