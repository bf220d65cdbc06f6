// What every page has: the way to the others, whose workspace this is, and the keys.
import { byId, call, element, fail } from "/ui/api.js";
import { help } from "/ui/keys.js";

const SESSION = "session:"; // whoever presents nothing on the machine itself has not signed in
const GROUPS = [
  [
    "Workspace",
    [
      ["/ui", "Overview"],
      ["/ui/needle_movers", "Needle movers"],
      ["/ui/accounts", "Accounts"],
      ["/ui/users", "People"],
      ["/ui/conversations", "Conversations"],
      ["/ui/meetings", "Meetings"],
      ["/ui/tasks", "Tasks"],
      ["/ui/notes", "Notes"],
      ["/ui/reports", "Reports"],
    ],
  ],
  [
    "Service",
    [
      ["/ui/runners", "Runners"],
      ["/ui/topics", "Topics"],
      ["/ui/messages", "Messages"],
      ["/ui/dead", "Dead letters"],
      ["/docs", "API"],
    ],
  ],
];

function leaving() {
  const button = element("button", "Sign out", "small");
  button.type = "button";
  button.addEventListener("click", () => {
    call("POST", "/logout").then(() => location.assign("/login"), fail);
  });
  return button;
}

function linked([path, name]) {
  const item = element("li");
  const link = element("a", name);
  link.href = path;
  if (path === location.pathname) link.setAttribute("aria-current", "page");
  item.append(link);
  return item;
}

function group([name, pages]) {
  const whole = element("div");
  const title = element("h2", name);
  const list = element("ul");
  title.id = `nav-${name.toLowerCase()}`;
  list.setAttribute("aria-labelledby", title.id);
  list.append(...pages.map(linked));
  whole.append(title, list);
  return whole;
}

// Gives the workspace and who is calling.
export async function showNav() {
  const menu = element("details");
  const wide = matchMedia("(min-width: 62rem)");
  const fit = () => {
    menu.open = wide.matches; // on a phone a press away, else always there
  };
  fit();
  wide.addEventListener("change", fit);
  menu.append(element("summary", "Menu"), ...GROUPS.map(group));
  byId("nav").replaceChildren(menu);
  byId("keys").addEventListener("click", help);
  const here = await call("GET", "/api/workspace");
  byId("where").textContent = `${here.name} · ${here.principal.name}`;
  if (here.principal.name.startsWith(SESSION)) byId("keys").before(leaving());
  return here;
}
