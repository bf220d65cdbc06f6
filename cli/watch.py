"""`needlework watch`: a message's events as they happen, resumed across lost connections and restarts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from needlework.cli.client import Client, quoted
from needlework.cli.options import connected
from needlework.cli.show import Failure, as_json, cell, json_option, printable
from needlework.cli.stream import TERMINAL


@click.command()
@click.argument("message")
@click.option("--after", metavar="EVENT", help="Only what happened after this event id.")
@json_option
@connected
def watch(client: Client, message: str, after: str | None, json: bool) -> None:
    """Follow MESSAGE until it has ended; fails if it was refused, cancelled, or is dead.

    Closing it (Ctrl-C) never stops the work: `needlework messages cancel` does.

    \b
    Examples:
      needlework watch msg_01JD…
      needlework watch msg_01JD… --json | jq .
    """
    follow(client, message, json=json, after=after)


def follow(client: Client, message: str, *, json: bool, after: str | None = None) -> None:
    """Show the events of `message` until its end. Raises Failure where it did not end well."""
    ends: list[tuple[str, Any]] = []
    events = _read(client, f"/api/internal/pubsub/messages/{quoted(message)}/events", after)
    with _shown(json) as show:
        for number, kind, data in events:
            show(number, kind, data)
            if kind in TERMINAL:
                ends.append((kind, data))
    bad = [(kind, data) for kind, data in ends if kind != "result"]
    if bad:
        kind, data = bad[0]
        raise Failure(f"{message} ended as {kind}: {_reason(data)}", f"see: needlework messages show {message}")


def _read(client: Client, path: str, after: str | None) -> Iterator[tuple[str, str, Any]]:
    for event in client.events(path, after=after):
        if not event.data:
            continue  # a bare `retry:` or id
        try:
            data = msgspec.json.decode(event.data)
        except msgspec.DecodeError:
            data = event.data
        yield event.id, event.event, data


@contextmanager
def _shown(json: bool) -> Iterator[Any]:
    """A function that shows one event: JSON lines, a bar on a terminal, else plain lines."""
    if json:
        yield lambda number, kind, data: as_json({"id": number, "event": kind, "data": data})
    elif sys.stderr.isatty():
        with _bar() as bar:
            yield bar
    else:
        yield lambda number, kind, data: click.echo(_line(kind, data))


@contextmanager
def _bar() -> Iterator[Any]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("waiting", total=None)

        def show(number: str, kind: str, data: Any) -> None:
            inner = _payload(data)
            if kind == "progress" and isinstance(inner.get("done"), int):
                note = escape(printable(inner.get("note") or "working"))
                progress.update(task, completed=inner["done"], total=inner.get("of"), description=note)
            else:
                progress.console.print(_line(kind, data), markup=False, highlight=False)

        yield show


def _reported(data: Any) -> Any:
    """What the handler reported, without the event's own fields around it."""
    return data["data"] if isinstance(data, dict) and "runner" in data and "data" in data else data


def _payload(data: Any) -> dict[str, Any]:
    inner = _reported(data)
    return inner if isinstance(inner, dict) else {}


def _line(kind: str, data: Any) -> str:
    inner = _payload(data)
    if kind == "progress" and "done" in inner:
        of = f"/{inner['of']}" if inner.get("of") is not None else ""
        return f"progress  {cell(inner['done'])}{of}  {cell(inner.get('note') or '')}".rstrip()
    return f"{kind:<9} {cell(_reported(data))}"


def _reason(data: Any) -> str:
    inner = _payload(data)
    for name in ("detail", "reason", "error"):
        if inner.get(name):
            return cell(inner[name])
    if inner.get("by"):
        return f"by {cell(inner['by'])}"
    return cell(_reported(data))
