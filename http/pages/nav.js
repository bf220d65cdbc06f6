// The way between the pages, the same on each; the one that is shown is marked.
import { element } from "/ui/api.js";

const PAGES = [
  ["/ui", "Overview"],
  ["/ui/needle_movers", "Needle movers"],
  ["/ui/conversations", "Conversations"],
  ["/ui/meetings", "Meetings"],
  ["/ui/tasks", "Tasks"],
  ["/ui/notes", "Notes"],
];

export function showNav() {
  const links = PAGES.map(([path, name]) => {
    const link = element("a", name);
    link.href = path;
    if (path === location.pathname) link.setAttribute("aria-current", "page");
    return link;
  });
  document.getElementById("nav").replaceChildren(...links);
}
