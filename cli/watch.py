"""`needlework watch`: a message's events as they happen, resumed across lost connections and restarts."""

from contextlib import nullcontext
from typing import Any

import click
from needlework.cli.batch import PREFIX, follow_batch
from needlework.cli.client import Client, quoted
from needlework.cli.events import leaving, payload, read_events, reported, shown
from needlework.cli.options import connected
from needlework.cli.show import Failure, cell, json_option
from needlework.cli.stream import TERMINAL


@click.command()
@click.argument("message")
@click.option("--after", metavar="EVENT", help="Only what happened after this event id.")
@click.option("--batch", is_flag=True, help="Where its result names a batch that it queued, follow that too.")
@json_option
@connected
def watch(client: Client, message: str, after: str | None, batch: bool, json: bool) -> None:
    """Follow MESSAGE until it has ended; fails if it was refused, cancelled, or is dead.

    A batch (batch_…) is followed until all of it has ended; that fails if any of it is dead or was refused.
    Closing it (Ctrl-C) never stops the work: `needlework messages cancel` does.

    \b
    Examples:
      needlework watch msg_01JD…
      needlework watch msg_01JD… --json | jq .
      needlework watch msg_01JD… --batch
      needlework watch batch_01JD…
    """
    if message.startswith(PREFIX):
        follow_batch(client, message, json=json, after=after)
        return
    queued = follow(client, message, json=json, after=after)
    if batch and queued:
        follow_batch(client, queued, json=json)


def follow(client: Client, message: str, *, json: bool, after: str | None = None) -> str | None:
    """Show the events of `message` until its end; the batch that its result names. Raises Failure for a bad end."""
    with shown(json) as show:
        ends = _ends(client, message, after, show)
    return next((found for _, data in ends if (found := _batch_of(payload(data)))), None)


def follow_result(client: Client, message: str, *, quiet: bool) -> Any:
    """Show how far `message` is until its end; its result. Raises Failure for a bad end."""
    with nullcontext(lambda *_: None) if quiet else shown(False) as show:

        def show_progress(number: str, kind: str, data: Any) -> None:
            if kind not in TERMINAL and kind != "accepted":
                show(number, kind, data)

        ends = _ends(client, message, None, show_progress)
    return reported(ends[-1][1]) if ends else None


def _ends(client: Client, message: str, after: str | None, show: Any) -> list[tuple[str, Any]]:
    """Kind and data of the event that ends each delivery, every event having been shown."""
    endings: dict[Any, tuple[str, Any]] = {}
    events = read_events(client, f"/api/internal/pubsub/messages/{quoted(message)}/events", after)
    with leaving(f"cancel it with: needlework messages cancel {message}"):
        for number, kind, data in events:
            show(number, kind, data)
            runner = data.get("runner") if isinstance(data, dict) else None
            if kind in TERMINAL:
                endings[runner] = (kind, data)
            elif kind == "retrying":
                endings.pop(runner, None)  # a dead letter that was redriven
    ends = list(endings.values())
    bad = [(kind, data) for kind, data in ends if kind != "result"]
    if bad:
        kind, data = bad[0]
        raise Failure(f"{message} ended as {kind}: {_reason(data)}", f"see: needlework messages show {message}")
    return ends


def _batch_of(result: dict[str, Any]) -> str | None:
    """The batch that a result names: as a field, or as a header beside a body that has no room for it."""
    headers = result.get("$headers")
    found = result.get("batch_id") or (headers.get("X-Needlework-Batch") if isinstance(headers, dict) else None)
    return found if isinstance(found, str) else None


def _reason(data: Any) -> str:
    inner = payload(data)
    for name in ("detail", "reason", "error"):
        if inner.get(name):
            return cell(inner[name])
    if inner.get("by"):
        return f"by {cell(inner['by'])}"
    return cell(reported(data))
