"""Reading and saving notes: rows in, statements out."""

from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.answers import Saved
from needlework.handlers.labels.messages import AnalyseConversationNote
from needlework.handlers.notes.messages import NoteInput, NoteSummary
from needlework.handlers.times import show
from needlework.handlers.words import clean, content_hash

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any


async def find(ctx: Context, id: str | None, external_id: str | None = None) -> Row | None:
    """The stored note that an id or an external id means, with its current version."""
    workspace = ctx.workspace.id
    if id is not None:
        row = await ctx.db.one(sql("find_note_by_id", workspace=workspace, id=id))
        if row is not None:
            return row
    if external_id is None:
        return None
    values = {"workspace": workspace, "external_id": external_id}
    known = await ctx.db.value(sql("find_note_by_external_id", **values))
    return None if known is None else await ctx.db.one(sql("find_note_by_id", workspace=workspace, id=known))


async def existing(ctx: Context, id: str) -> Row:
    """Note `id` with its current version. Raises Refuse 404."""
    row = await find(ctx, id)
    if row is None:
        raise Refuse(404, "not_found", f"no note {id!r} in this workspace")
    return row


def create(ctx: Context, given: NoteInput, provenance: str = "user", batch: str | None = None) -> Saved:
    """Collect a new note with its first version and its analysis."""
    note = given.id or ctx.new_id("note")
    title, body = clean(given.title or ""), clean(given.body_md or "")
    values: dict[str, Any] = {
        "id": note,
        "external_id": given.external_id,
        "kind": given.kind or "manual",
        "title": title,
    }
    values |= {"conversation_id": given.conversation_id, "meeting_id": given.meeting_id}
    draft = bool(given.draft)
    values |= {"draft": int(draft), "queued_version": 0 if draft else 1, "queued_at": None if draft else ctx.now}
    ctx.write(sql("insert_note", 1, workspace=ctx.workspace.id, now=ctx.now, **values))
    _add_version(ctx, note, 1, (title, body), given.author, provenance)
    if not draft:
        ctx.publish(AnalyseConversationNote(note_id=note, note_version="v1"), batch=batch)
    return Saved(note, True, "v1")


def update(ctx: Context, row: Row, given: NoteInput, provenance: str = "user", batch: str | None = None) -> Saved:
    """Collect what differs: other content is a new version, the same content none. A draft is analysed once final."""
    title = row["title"] if given.title is None else clean(given.title)
    body = row["body_md"] if given.body_md is None else clean(given.body_md)
    fresh = content_hash(title, body) != row["content_hash"]
    names = ("external_id", "kind", "conversation_id", "meeting_id")
    values = {name: getattr(given, name) or row[name] for name in names}
    version = row["current_version"] + int(fresh)
    draft = bool(row["draft"]) if given.draft is None else given.draft
    if fresh or draft != bool(row["draft"]) or any(values[name] != row[name] for name in names):
        seen = {"seen_version": row["current_version"], "seen": row["updated_at"], "now": ctx.now}
        values |= {"id": row["id"], "title": title, "version": version, "draft": int(draft)}
        due = not draft and (fresh or bool(row["draft"]))
        values |= {"queued_version": version if due else row["queued_version"]}
        values |= {"queued_at": ctx.now if due else row["queued_at"]}
        ctx.write(sql("update_note", 1, workspace=ctx.workspace.id, **seen, **values))
    else:
        return Saved(row["id"], False, f"v{version}", unchanged=True)
    if fresh:
        _add_version(ctx, row["id"], version, (title, body), given.author, provenance)
    if due:
        ctx.publish(AnalyseConversationNote(note_id=row["id"], note_version=f"v{version}"), batch=batch)
    return Saved(row["id"], False, f"v{version}")


def _add_version(
    ctx: Context, note: str, version: int, said: tuple[str, str], author: str | None, provenance: str
) -> None:
    title, body = said
    values = {"title": title, "body_md": body, "content_hash": content_hash(title, body), "now": ctx.now}
    values |= {"author": author, "provenance": provenance, "version": version, "note": note}
    ctx.write(sql("insert_version", id=ctx.new_id("nver"), workspace=ctx.workspace.id, **values))


def json_list(values: list[str]) -> str:
    """Values for `json_each`."""
    return msgspec.json.encode(values).decode()


def head(row: Row) -> dict[str, Any]:
    """A row as the fields of `NoteHead`."""
    names = ("id", "external_id", "kind", "title", "conversation_id", "meeting_id")
    times = {name: show(row[name]) for name in ("analyzed_at", "created_at", "updated_at")}
    analyzed = f"v{row['analyzed_version']}" if row["analyzed_version"] else None
    versions = {"version": f"v{row['current_version']}", "analyzed_version": analyzed}
    return {**{name: row[name] for name in names}, **times, **versions, "draft": bool(row["draft"])}


def summary(row: Row) -> NoteSummary:
    """A row of a list."""
    return NoteSummary(**head(row), labels=sorted(row["labels"].split(",")) if row["labels"] else [])
