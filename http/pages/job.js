// Work that takes longer: begun, followed live over its events or its batch, and told when it has ended.
import { call, element } from "/ui/api.js";

// A line of text and a bar; `told(text, done, of)` moves them.
export function meter(name) {
  const whole = element("div", undefined, "meter");
  const text = element("p", "Queueing …");
  text.setAttribute("role", "status");
  const bar = element("progress");
  bar.setAttribute("aria-label", name);
  whole.append(text, bar);
  const tell = (words, done, of) => {
    text.textContent = words;
    if (of) {
      bar.max = of;
      bar.value = done;
    }
  };
  const end = (words) => tell(words, 1, 1);
  return { whole, tell, end };
}

// Hands each event of a stream to `seen` until it returns true; a broken connection is taken up again by the browser.
// What is read from now on may have ended before: `goesOn` is asked whenever the connection stands.
export function stream(address, kinds, seen, goesOn = null) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(address);
    const close = (then, value) => {
      source.close();
      then(value);
    };
    for (const kind of kinds) source.addEventListener(kind, (event) => seen(kind, JSON.parse(event.data)) && close(resolve));
    if (goesOn) source.onopen = () => goesOn().then((on) => on || close(resolve), (error) => close(reject, error));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) close(reject, new Error("The connection broke; the work goes on."));
    };
  });
}

export const ENDINGS = ["result", "refused", "dead", "cancelled"];

// Posts `body`, follows what it started to its end, and gives its result.
export async function run(path, body, tell) {
  const begun = await call("POST", path, body, { Prefer: "respond-async" });
  const own = `/api/internal/pubsub/messages/${encodeURIComponent(begun.id)}`;
  await stream(`${own}/events`, ["progress", ...ENDINGS], (kind, event) => {
    const { done, of, note } = event.data || {};
    if (kind === "progress" && of) tell(`${done} of ${of}${note ? ` ${note}` : ""}`, done, of);
    return ENDINGS.includes(kind);
  });
  const ended = await call("GET", own);
  if (ended.state === "done") return ended.result;
  const why = ended.deliveries.map((each) => each.error).find(Boolean);
  throw new Error(`It ended ${ended.state}: ${why || "see Messages for the reason"}`);
}
