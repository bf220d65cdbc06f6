"""Events of a stream for whoever watches: read with reconnecting, shown as a bar, as lines, or as JSON."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from needlework.cli.client import Client
from needlework.cli.show import as_json, cell, printable


def read_events(client: Client, path: str, after: str | None) -> Iterator[tuple[str, str, Any]]:
    """Id, kind and data of each event, to the stream's end."""
    for event in client.events(path, after=after):
        if not event.data:
            continue  # a bare `retry:` or id
        try:
            data = msgspec.json.decode(event.data)
        except (msgspec.DecodeError, RecursionError):
            data = event.data
        yield event.id, event.event, data


@contextmanager
def leaving(hint: str) -> Iterator[None]:
    """Ctrl-C ends the looking and not the work: says so with `hint`, and exits as a shell expects."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\n" * sys.stderr.isatty() + f"the work goes on; {printable(hint)}", err=True)
        raise click.exceptions.Exit(130) from None


@contextmanager
def shown(json: bool) -> Iterator[Any]:
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
            inner = payload(data)
            if kind == "progress" and isinstance(inner.get("done"), int):
                note = escape(printable(inner.get("note") or "working"))
                progress.update(task, completed=inner["done"], total=inner.get("of"), description=note)
            else:
                progress.console.print(_line(kind, data), markup=False, highlight=False)

        yield show


def reported(data: Any) -> Any:
    """What the handler reported, without the event's own fields around it."""
    return data["data"] if isinstance(data, dict) and "runner" in data and "data" in data else data


def payload(data: Any) -> dict[str, Any]:
    """The same where it is an object; else an empty one."""
    inner = reported(data)
    return inner if isinstance(inner, dict) else {}


def _line(kind: str, data: Any) -> str:
    inner = payload(data)
    if kind == "progress" and "done" in inner:
        of = f"/{inner['of']}" if inner.get("of") is not None else ""
        return f"progress  {cell(inner['done'])}{of}  {cell(inner.get('note') or '')}".rstrip()
    return f"{kind:<9} {cell(reported(data))}"
