// Meetings: when, with whom, what came of it, and where to read what was said.
import { call, element } from "/ui/api.js";
import { byAccount } from "/ui/accounts.js";
import { empty } from "/ui/empty.js";
import { placeOf } from "/ui/evidence.js";
import { moment } from "/ui/moments.js";
import { body, folded } from "/ui/notes.js";

const MANY = 12;
const FIRST = 8;
const NEAR = 7 * 86_400_000;
const WHEN = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

const ASSUMED = {
  file: "start assumed: the transcript names no date, its file's time is taken",
  now: "start assumed: the transcript names no date, the time when it came in is taken",
  day: "the transcript names the day, not the time of day",
};

// All of a few, the first of many; a press names the rest.
function named(people) {
  if (people.length <= MANY) return [people.join(", ")];
  const rest = people.slice(FIRST);
  const button = element("button", `and ${rest.length} more`, "small");
  button.type = "button";
  button.addEventListener("click", () => {
    const others = element("span", `and ${rest.join(", ")}`);
    others.tabIndex = -1;
    button.replaceWith(others);
    others.focus();
  });
  return [people.slice(0, FIRST).join(", "), " ", button];
}

function when(meeting) {
  const line = element("p", undefined, "quiet about");
  if (meeting.start) {
    const at = new Date(meeting.start);
    const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
    line.append(at.toLocaleString(undefined, { ...WHEN, ...year }));
    if (Math.abs(at - Date.now()) < NEAR) line.append(" (", moment(meeting.start), ")"); // further away it would say the day again
    if (ASSUMED[meeting.start_from]) line.append(" · ", element("em", ASSUMED[meeting.start_from]));
  }
  const minutes = Math.round((new Date(meeting.end) - new Date(meeting.start)) / 60_000);
  if (minutes > 0) line.append(` · ${minutes} min`);
  if (meeting.status !== "confirmed") line.append(" · ", element("span", meeting.status, "bad"));
  const people = meeting.attendees.map((each) => each.name || each.email).filter(Boolean);
  if (people.length) line.append(" · ", ...named(people));
  return line;
}

// A summary begins with when and who, which stand in the line above it already.
function summary(note) {
  const made = body(note);
  const first = made.firstElementChild;
  if (first?.matches("p") && /^\*\d{4}-\d\d-\d\d /.test(note.body_md)) first.remove();
  return made;
}

async function one(id) {
  const meeting = await call("GET", `/api/meetings/${encodeURIComponent(id)}`);
  const article = element("article");
  article.id = meeting.id;
  const title = element("h2");
  const own = element("a", meeting.title || "Without a title");
  own.href = `/ui/meetings#${encodeURIComponent(meeting.id)}`;
  title.append(own);
  title.tabIndex = -1;
  article.append(title, when(meeting));
  if (meeting.summary_note_id) article.append(...folded(summary(await call("GET", `/api/notes/${encodeURIComponent(meeting.summary_note_id)}`))));
  else if (new Date(meeting.end || meeting.start) < Date.now() && meeting.status !== "cancelled") article.append(element("p", meeting.conversation_id ? "No summary: too little was said, or it is still to be made." : "No summary: nothing is stored of what was said.", "quiet"));
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

const now = () => new Date().toISOString();
const TIMES = {
  past: () => ({ until: now() }),
  coming: () => ({ from: now(), order: "earliest" }),
  all: () => ({}),
};

export const meetings = {
  title: "Meetings",
  about: "Meetings with what came of them. A summary is written by itself when a meeting has ended and its transcript is there.",
  path: () => "/api/meetings",
  none: () =>
    empty("No meeting here.", [
      "Name a calendar (",
      element("code", "POST /api/calendar_sources"),
      "), or bring a file: ",
      element("code", "needlework import team.ics"),
      ". Transcripts find their meeting by themselves.",
    ]),
  filters: [
    { name: "q", label: "Search" },
    { name: "when", label: "When", values: () => [["coming", "to come"], ["all", "all"]], first: "held", turn: (value) => (TIMES[value] || TIMES.past)() },
    { name: "status", label: "Status", values: () => ["confirmed", "tentative", "cancelled"].map((each) => [each, each]) },
    byAccount,
  ],
  card: (item) => one(item.id),
  one,
};
