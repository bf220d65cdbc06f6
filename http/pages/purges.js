// Deleting needle movers and starting anew: counted first, asked for, and brought back within seven days.
import { call, counted, element, fail } from "/ui/api.js";
import { ask } from "/ui/ask.js";
import { action } from "/ui/evidence.js";
import { moment } from "/ui/moments.js";
import { told } from "/ui/told.js";

const PURGE = "/api/v2/needle_movers/purge";
const KEPT = 7 * 86_400_000;

const restore = (id) => call("POST", `/api/v2/needle_movers/purges/${encodeURIComponent(id)}/restore`);

async function earlier(again) {
  const since = new Date(Date.now() - KEPT).toISOString();
  const asked = (kind) => call("GET", `/api/audit?limit=100&action=needle_movers.${kind}&from=${since}`);
  const [purged, restored] = await Promise.all(["purged", "restored"].map(asked));
  const back = new Set(restored.items.map((each) => each.target));
  return purged.items.filter((each) => !back.has(each.target)).map((each) => {
    const item = element("li");
    const words = element("p", `${each.detail} `);
    words.append(moment(each.at));
    const bring = async () => {
      const answer = await restore(each.target);
      told(`${counted(answer.restored, "needle mover")} brought back.`);
      item.remove();
      again();
    };
    item.append(words, action("Bring back", bring));
    return item;
  });
}

export function purges({ again }) {
  const whole = element("details", undefined, "tools");
  const list = element("ul", undefined, "letters");
  const fill = async () => list.replaceChildren(...(await earlier(again)));
  const purge = async () => {
    const { deleted } = await call("POST", PURGE, { dry_run: true });
    if (!deleted) return told("There is none to delete.");
    const words = "Their evidence is free again, and new ones emerge from it. They can be brought back for seven days.";
    if (!(await ask(`Delete ${counted(deleted, "needle mover")}?`, words, "Delete"))) return undefined;
    const done = await call("POST", PURGE);
    again();
    await fill();
    return told(`${counted(done.deleted, "needle mover")} deleted.`, async () => {
      await restore(done.purge_id);
      again();
      await fill();
      return "All brought back.";
    });
  };
  const line = element("p", undefined, "actions");
  line.append(action("Delete all and start anew …", purge));
  whole.append(element("summary", "Delete and bring back"), line, list);
  whole.addEventListener("toggle", () => whole.open && fill().catch(fail));
  return [whole];
}
