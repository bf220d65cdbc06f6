"""Needle movers and their evidence: rows in, statements out."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries, Statement
from needlework.handlers.answers import filtered
from needlework.handlers.labels.messages import Span
from needlework.handlers.needle_movers.messages import Evidence, MatchingRules, NeedleMover
from needlework.handlers.times import DAY, show

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any

LINK_AT, SUGGEST_AT = 0.62, 0.50
"""The thresholds of a workspace that has not decided enough to have its own."""
POOL_AGE = 30 * DAY
"""How old a span without a mover may be and still be matched with a new or changed one."""
POOL_ENTITIES = 500
GREATEST = 1 << 62
"""Before the first place of a page of movers: they are listed from the greatest down."""
PURGE_KEPT = 7 * DAY
"""For how long a purge can be restored."""


async def look_for(ctx: Context, id: str) -> Row | None:
    """Needle mover `id`, as a list of one has it; None where there is none, or it is purged."""
    values = {"workspace": ctx.workspace.id, "id": id, "rank": GREATEST, "seq": GREATEST, "limit": 1}
    return await ctx.db.one(filtered(sql, "list_movers", {"filter_id": id}, values))


async def find(ctx: Context, id: str) -> Row:
    """Needle mover `id`. Raises Refuse 404."""
    row = await look_for(ctx, id)
    if row is None:
        raise Refuse(404, "not_found", f"no needle mover {id!r} in this workspace")
    return row


async def find_standing(ctx: Context, id: str) -> Row:
    """As `find`. Raises Refuse 409 for one that was merged, with the id of what it is a part of now."""
    row = await find(ctx, id)
    if row["merged_into"] is not None:
        detail = f"needle mover {id} was merged into {row['merged_into']}"
        raise Refuse(409, "merged", detail, merged_into=row["merged_into"])
    return row


async def state(ctx: Context) -> Row:
    """How far matching is in this workspace; makes the row where there is none."""
    row = await ctx.db.one(sql("read_state", workspace=ctx.workspace.id))
    if row is None:
        ctx.write(make_state(ctx))
        await ctx.commit(cursor=ctx.cursor)
        row = await ctx.db.one(sql("read_state", workspace=ctx.workspace.id))
    return row


async def action(ctx: Context, id: str) -> Row:
    """Action `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("find_action", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no action {id!r} in this workspace")
    return row


def settle(ctx: Context, row: Row, status: str, result: dict[str, Any], *, by: str | None) -> Row:
    """Collect what became of an action, and return it as it will be. `by`: who decided it, None for nobody anew."""
    values = {"status": status, "result": msgspec.json.encode(result).decode(), "decided_by": by or row["decided_by"]}
    values["executed_at"] = ctx.now if status == "executed" else row["executed_at"]
    where = {"workspace": ctx.workspace.id, "id": row["id"], "seen": row["status"], "now": ctx.now}
    ctx.write(sql("settle_action", 1, **where, **values))
    return {**dict(row), **values, "updated_at": ctx.now}


def redefine(ctx: Context, decisions: int = 0) -> None:
    """Collect that people changed what spans are matched with."""
    ctx.write(make_state(ctx), sql("redefine", 1, workspace=ctx.workspace.id, decisions=decisions, now=ctx.now))


def make_state(ctx: Context) -> Statement:
    """The row of matching, where there is none."""
    values = {"link_at": LINK_AT, "suggest_at": SUGGEST_AT, "now": ctx.now}
    return sql("make_state", id=ctx.new_id("nms"), workspace=ctx.workspace.id, **values)


async def name_vector(title: str, description: str) -> tuple[bytes, str]:
    """The place of a title with its description among texts, and the encoder that gave it."""
    # numpy and the encoder are loaded by the first text, not by the start of the service
    from needlework.handlers.text.encoder import shared_encoder

    encoder = shared_encoder()
    text = f"{title}. {description}" if description else title
    vectors = await to_thread.run_sync(partial(encoder.encode, [text]))
    return vectors[0].tobytes(), encoder.id


def mover(row: Row) -> NeedleMover:
    """A row of `list_movers` as the API shows it."""
    same = ("id", "title", "title_provenance", "description", "kind", "status", "provenance", "owner_id")
    decided = ("impact_override", "merged_into")
    summaries = ("summary_short", "summary_long", "summary_delta", "summary_user")
    times = ("impact_at", "first_seen_at", "last_seen_at", "created_at", "updated_at")
    shown: dict[str, Any] = {name: row[name] for name in (*same, *decided, *summaries)}
    shown |= {name: show(row[name]) for name in times}
    return NeedleMover(
        **shown,
        impact=row["rank"],
        impact_computed=row["impact"],
        impact_breakdown=msgspec.json.decode(row["impact_breakdown"]),
        citations=msgspec.json.decode(row["citations"]),
        rules=rules_of(row),
        evidence={name: row[name] for name in ("linked", "suggested", "rejected")},
        accounts=row["accounts"],
    )


def place(row: Row) -> str:
    """Where a span stands, whatever its label."""
    return f"{row['content_id']} {row['message_id']} {row['span_start']}"


def rules_of(row: Row) -> MatchingRules:
    """What people said of matching with a mover."""
    return msgspec.json.decode(row["rules"], type=MatchingRules)


def evidence(row: Row) -> Evidence:
    """A row of `list_evidence` as the API shows it."""
    same = ("id", "needle_mover_id", "content_label_id", "content_type", "content_id", "account_id", "contact")
    more = ("score", "state", "provenance", "decided_by")
    place = {"start": row["span_start"], "end": row["span_end"], "quote": row["quote"], "score": row["score"]}
    return Evidence(
        **{name: row[name] for name in (*same, *more)},
        label=row["label_key"],
        severity=row["said_severity"] if row["severity"] is None else row["severity"],
        said_at=show(row["said_at"]) or "",
        span=Span(message_id=row["message_id"] or None, **place),
        components=msgspec.json.decode(row["components"]),
        created_at=show(row["created_at"]) or "",
        updated_at=show(row["updated_at"]) or "",
    )
