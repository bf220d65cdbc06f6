"""`needlework import`: files become accounts, conversations, calendars, notes and meetings, in repeatable batches."""

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import click
import msgspec
from needlework.bus.ids import new_id
from needlework.cli.bars import steps
from needlework.cli.batch import follow_batch
from needlework.cli.client import Client, Refused, quoted
from needlework.cli.options import connected
from needlework.cli.show import Failure, as_json, cell, counted, json_option, table
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.words import check_id

_PATHS = {
    "account": "/api/accounts",
    "user": "/api/users",
    "conversation": "/api/conversations",
    "meeting": "/api/meetings",
    "calendar": "/api/calendar_sources",
    "note": "/api/notes",
}
"""Kind -> where it is posted, in the order in which they refer to each other."""
_ANALYSED = ("conversation", "note")
_ASSUMED = {
    "file": "no date in it or in its name: {start} is taken, from the file's own time",
    "day": "no time of day in it or in its name: {start} is taken",
}
"""What is said of a meeting's start that its transcript does not state; the fact `time_from` tells it."""
_HOW = "a line `Date: 2026-03-04 14:00` at the top, or a name such as `2026-03-04 1400 {title}`, says it"
_MOST_BYTES = 900 * 1024
_MOST_ITEMS = 500
_MOST_SHOWN = 20


class Importer:
    """Collects items into batches, posts them, and counts what came of each. `on_sent` is told how many there are."""

    def __init__(self, client: Client, on_sent: Callable[[int], None], batch: str | None = None) -> None:
        self.client, self.on_sent = client, on_sent
        self.sent = 0
        self.batch = batch or new_id("batch", time.time_ns() // 1000, Random())
        """What is to be analysed joins it."""
        self._run = uuid.uuid4().hex[:12]
        self.created: Counter[str] = Counter()
        self.updated: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.problems: list[dict[str, Any]] = []
        self.assumed: list[dict[str, Any]] = []
        """Transcripts that do not say when they were held, and what was taken instead."""
        self.skipped: list[dict[str, Any]] = []
        """Files of a folder that are none of ours: told, but no failure."""
        self._waiting: dict[str, list[tuple[str, bytes]]] = {kind: [] for kind in _PATHS}
        self._bytes: Counter[str] = Counter()

    def take(self, path: Path, records: Iterable[Item | Problem]) -> None:
        """Take everything that `path` holds; a record that can't be read becomes a problem."""
        for number, found in enumerate(records, 1):
            if isinstance(found, Problem):
                (self.skipped if found.skipped else self.problems).append(
                    {"file": str(path), "source": found.source, "line": found.line, "reason": found.reason}
                )
            else:
                place = f"{path}, record {number}" if found.line is None else f"{path}:{found.line}"
                self._add(found.kind, found.place or place, msgspec.json.encode(found.data))
                self._note(path, found)

    def _note(self, path: Path, found: Item) -> None:
        """Keep in mind where the start of a meeting was assumed."""
        if found.data.get("channel") == "meeting" and found.data.get("messages"):
            origin = found.data["messages"][0].get("facts", {}).get("time_from")
            if isinstance(origin, str) and origin in _ASSUMED:
                self.assumed.append(
                    {"file": found.place or str(path), "start": found.data.get("started_at"), "from": origin}
                )

    def flush(self) -> None:
        """Post what is still waiting."""
        for kind in _PATHS:
            self._post(kind)

    def _add(self, kind: str, source: str, body: bytes) -> None:
        full = self._bytes[kind] + len(body) > _MOST_BYTES or len(self._waiting[kind]) == _MOST_ITEMS
        if full and self._waiting[kind]:
            self._post(kind)
        self._waiting[kind].append((source, body))
        self._bytes[kind] += len(body) + 1

    def _post(self, kind: str) -> None:
        batch, self._waiting[kind] = self._waiting[kind], []
        self._bytes[kind] = 0
        if batch:
            self._send(kind, batch)

    def _send(self, kind: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """One request; a refused batch is halved until the refused records stand alone."""
        body = b"[" + b",".join(text for _, text in batch) + b"]"
        # The key is of this run: a later run may send the same again after others, and must not be taken for this one.
        key = f"import-{self._run}-{hashlib.sha256(kind.encode() + body).hexdigest()[:40]}"
        try:
            query = {"batch_id": self.batch if kind in _ANALYSED else None}
            answer = self.client.call("POST", _PATHS[kind], query=query, body=msgspec.Raw(body), key=key)
        except Refused as refused:
            if refused.status not in (400, 413, 422):
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                self._send(kind, batch[:middle])
                self._send(kind, batch[middle:])
            else:
                self.problems.append({"source": batch[0][0], "kind": kind, "reason": refused.message})
            return
        self._count(kind, len(batch), answer)
        self.sent += len(batch)
        self.on_sent(self.sent)

    def _count(self, kind: str, sent: int, answer: Any) -> None:
        results = answer if isinstance(answer, list) else (answer or {}).get("items", [answer])
        new = sum(1 for result in results if isinstance(result, dict) and result.get("created"))
        same = sum(1 for result in results if isinstance(result, dict) and result.get("unchanged"))
        self.created[kind] += new
        self.unchanged[kind] += same
        self.updated[kind] += sent - new - same


def _batch(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A batch's id as the server takes it: a wrong one would be refused with each record."""
    try:
        check_id("batch", value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", metavar="NAME", help="What the files are, where their names don't say it.")
@click.option(
    "--batch", metavar="ID", callback=_batch, help="The batch that its analyses join (batch_…), not a new one."
)
@click.option("--watch", is_flag=True, help="Then follow the analysis to its end.")
@json_option
@connected
def import_files(
    client: Client, files: tuple[Path, ...], format: str | None, batch: str | None, watch: bool, json: bool
) -> None:
    """Read FILES into the workspace: JSON, JSON lines, CSV, mbox, eml, ics, transcripts, or folders of them.

    A Slack export is read as it came, export.zip, or unpacked.

    A CSV begins with the names of its fields; its rows are what the file is called, accounts.csv or users.csv,
    or what their column `kind` says, account or user.

    Records that exist already are updated, so an import that broke off is simply run again. Records that
    could not be read or were refused are listed; then the command fails, with everything else imported.
    Files of other kinds inside a folder (a README) are skipped, and named.
    What is stored just so already is not changed, not analysed again, and counts as unchanged.
    The analysis goes on by itself; how far it is tells the last line, or `--watch`.

    \b
    Examples:
      needlework import mail.mbox accounts.csv
      needlework import mail.mbox --watch
    """
    from needlework.handlers.formats.read import read

    with steps(quiet=json) as show:
        importer = Importer(client, lambda sent: show("records", sent, 0), batch)
        for path in files:
            importer.take(path, read(path, format=format))
        importer.flush()
    queued = _queued(importer)
    try:
        _report(importer, queued, json)
    finally:
        if watch and queued:
            follow_batch(client, importer.batch, json=json)


def _queued(importer: Importer) -> int:
    """How many texts are analysed because of this import."""
    if not any(counter[kind] for counter in (importer.created, importer.updated) for kind in _ANALYSED):
        return 0
    try:
        state = importer.client.get(f"/api/internal/batches/{quoted(importer.batch)}")
    except Refused:  # it holds nothing, so there is none
        return 0
    return int(state["total"]) if isinstance(state, dict) else 0


def _report(importer: Importer, queued: int, json: bool) -> None:
    counters = {"created": importer.created, "updated": importer.updated, "unchanged": importer.unchanged}
    kinds = [kind for kind in _PATHS if any(counter[kind] for counter in counters.values())]
    rows = [{"kind": kind, **{name: counter[kind] for name, counter in counters.items()}} for kind in kinds]
    if json:
        told = {"problems": importer.problems, "skipped": importer.skipped, "assumed": importer.assumed}
        as_json({"imported": rows, **told, "batch_id": importer.batch if queued else None})
    else:
        table(rows, {"kind": "KIND", **{name: name.upper() for name in counters}}, empty="nothing to import")
        if queued:
            click.echo(f"{counted(queued, 'text')} to be analysed; how far: needlework watch {cell(importer.batch)}")
        _tell_assumed(importer.assumed)
        _list("skipped", importer.skipped)
        _list("not imported", importer.problems)
    if importer.problems:
        more = len(importer.problems) - _MOST_SHOWN
        hint = [f"{more} more are listed with --json"] if more > 0 and not json else []
        were = "was" if len(importer.problems) == 1 else "were"
        raise Failure(f"{counted(len(importer.problems), 'record')} {were} not imported", *hint)


def _tell_assumed(found: list[dict[str, Any]]) -> None:
    for each in found[:_MOST_SHOWN]:
        click.echo(cell(f"{each['file']}: {_ASSUMED[each['from']].format(start=each['start'])}"), err=True)
    if found:
        click.echo(cell(_HOW.format(title=Path(found[0]["file"]).name)), err=True)


def _list(what: str, found: list[dict[str, Any]]) -> None:
    for each in found[:_MOST_SHOWN]:
        where = ":".join(str(each[part]) for part in ("source", "line") if each.get(part) is not None)
        click.echo(cell(f"{what}: {where}: {each['reason']}"), err=True)  # a name may hold a line break
    if what == "skipped" and len(found) > _MOST_SHOWN:
        click.echo(f"skipped: {len(found) - _MOST_SHOWN} more files, listed with --json", err=True)
