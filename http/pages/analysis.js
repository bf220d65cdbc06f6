// "Analyse again": queues every recent conversation and note, follows the batch live, ends with its counts.
import { call } from "/ui/api.js";

const byId = (id) => document.getElementById(id);

export async function analyse() {
  const button = byId("analyse");
  // Not `disabled`: that would take the focus away from whoever pressed it with the keyboard.
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    byId("job").hidden = false;
    byId("progress").removeAttribute("value");
    byId("job-text").textContent = "Queueing …";
    const job = await call("POST", "/api/internal/labels/reanalysis");
    if (job.batch_id) await watch(job);
    else end("Nothing to analyse in the last 30 days.");
  } catch (error) {
    byId("job").hidden = true;
    throw error;
  } finally {
    button.setAttribute("aria-disabled", "false");
  }
}

function end(text) {
  byId("progress").max = byId("progress").value = 1;
  byId("job-text").textContent = text;
}

function summary(job, state) {
  const failed = state.refused + state.dead;
  const parts = [`${state.done} of ${state.total} analysed`, `${failed} failed`];
  if (state.cancelled) parts.push(`${state.cancelled} cancelled`);
  if (job.already_queued) parts.push(`${job.already_queued} were queued already`);
  return `Done: ${parts.join(", ")}.`;
}

function watch(job) {
  return new Promise((resolve) => {
    const source = new EventSource(`/api/internal/batches/${encodeURIComponent(job.batch_id)}`);
    const show = (event) => {
      const state = JSON.parse(event.data);
      byId("progress").max = Math.max(1, state.total);
      byId("progress").value = state.total - state.waiting;
      byId("job-text").textContent = `${state.total - state.waiting} of ${state.total} analysed`;
      return state;
    };
    source.addEventListener("progress", show);
    source.addEventListener("result", (event) => {
      source.close();
      end(summary(job, show(event)));
      resolve();
    });
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
      byId("job-text").textContent = "The connection broke; the analysis goes on.";
      resolve();
    };
  });
}
