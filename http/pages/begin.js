// An empty workspace: what to do first, in place of lists of nothing.
import { byId, call } from "/ui/api.js";

export async function showBegin(conversations) {
  const some = conversations || (await call("GET", "/api/notes?limit=1")).items.length > 0;
  byId("begin").hidden = some;
  for (const each of document.querySelectorAll(".filled")) each.hidden = !some;
}
