// "Analyse again": queues every recent conversation and note, follows the batch live, ends with its counts.
import { byId, call } from "/ui/api.js";
import { meter, stream } from "/ui/job.js";

const KEPT = "needlework-analysis"; // so that a page that is opened again goes on where it was

export async function analyse() {
  const button = byId("analyse");
  // Not `disabled`: that would take the focus away from whoever pressed it with the keyboard.
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  const shown = meter("How much is analysed");
  byId("job").replaceChildren(shown.whole);
  try {
    const job = await call("POST", "/api/internal/labels/reanalysis");
    if (job.batch_id) await watch(job, shown);
    else shown.end("Nothing to analyse in the last 30 days.");
  } catch (error) {
    byId("job").replaceChildren();
    throw error;
  } finally {
    button.setAttribute("aria-disabled", "false");
  }
}

export async function resume() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  if (!kept) return;
  const shown = meter("How much is analysed");
  byId("job").replaceChildren(shown.whole);
  await watch(kept, shown).catch(() => byId("job").replaceChildren()); // its batch is gone
}

function summary(job, state) {
  const failed = state.refused + state.dead;
  const parts = [`${state.done} of ${state.total} analysed`, `${failed} failed`];
  if (state.cancelled) parts.push(`${state.cancelled} cancelled`);
  if (job.already_queued) parts.push(`${job.already_queued} were queued already`);
  return `Done: ${parts.join(", ")}.`;
}

async function watch(job, shown) {
  sessionStorage.setItem(KEPT, JSON.stringify({ batch_id: job.batch_id, already_queued: job.already_queued }));
  let state;
  try {
    await stream(`/api/internal/batches/${encodeURIComponent(job.batch_id)}`, ["progress", "result"], (kind, now) => {
      state = now;
      const ended = state.total - state.waiting;
      shown.tell(`${ended} of ${state.total} analysed`, ended, Math.max(1, state.total));
      return kind === "result";
    });
  } finally {
    sessionStorage.removeItem(KEPT); // a page that is left does not come here
  }
  shown.end(summary(job, state));
}
