// Meetings: when, with whom, what came of it, and where to read what was said.
import { call, element } from "/ui/api.js";
import { placeOf } from "/ui/evidence.js";
import { moment } from "/ui/moments.js";
import { body } from "/ui/notes.js";

function when(meeting) {
  const line = element("p", undefined, "quiet");
  if (meeting.start) line.append(moment(meeting.start));
  const minutes = Math.round((new Date(meeting.end) - new Date(meeting.start)) / 60_000);
  if (minutes > 0) line.append(` · ${minutes} min`);
  if (meeting.status !== "confirmed") line.append(` · ${meeting.status}`);
  const people = meeting.attendees.map((each) => each.name || each.email).filter(Boolean);
  if (people.length) line.append(` · ${people.join(", ")}`);
  return line;
}

async function card(item) {
  const meeting = await call("GET", `/api/meetings/${encodeURIComponent(item.id)}`);
  const article = element("article");
  const title = element("h2", meeting.title || "Without a title");
  title.tabIndex = -1;
  article.append(title, when(meeting));
  if (meeting.summary_note_id) article.append(body(await call("GET", `/api/notes/${encodeURIComponent(meeting.summary_note_id)}`)));
  if (meeting.conversation_id) {
    const link = element("a", "What was said");
    link.href = placeOf("conversation", meeting.conversation_id);
    link.setAttribute("aria-label", `What was said: ${meeting.title}`);
    const line = element("p");
    line.append(link);
    article.append(line);
  }
  return article;
}

export const meetings = {
  title: "Meetings",
  path: "/api/meetings",
  none: "No meeting.",
  filters: [{ name: "q", label: "Search" }],
  card,
};
