"""Reading and writing channels and deliveries: rows in, statements out."""

from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries, Statement
from needlework.handlers.slack.blocks import Payload
from needlework.handlers.slack.messages import Channel, DeliverSlackMessage, SlackDelivered, SlackDelivery
from needlework.handlers.times import show

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any
UNKNOWN = "unknown outcome, "
"""How the error of a delivery begins whose message may stand in the channel."""


async def delivery(ctx: Context, id: str) -> Row:
    """Delivery `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("delivery", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no delivery {id!r} in this workspace")
    return row


async def channel(ctx: Context, id: str) -> Row | None:
    """The channel's subscription, or None."""
    return await ctx.db.one(sql("channel", workspace=ctx.workspace.id, channel=id))


def ended(ctx: Context, row: Row, status: Any, ts: str | None, error: str | None) -> None:
    """Collect the fact that a delivery has ended."""
    what = {"note_id": row["source_note_id"], "note_version": row["note_version"], "channel_id": row["channel_id"]}
    ctx.publish(SlackDelivered(status=status, ts=ts, error=error, **what))


async def versions(ctx: Context, row: Row) -> list[Row]:
    """All deliveries of the same thing to the same channel, by version."""
    values = {"source": row["source"], "note": row["source_note_id"], "channel": row["channel_id"]}
    return await ctx.db.all(sql("deliveries_of_source", workspace=ctx.workspace.id, **values))


def change(ctx: Context, name: str, row: Row, _expect: int | None = None, **values: Any) -> Statement:
    """A statement on one delivery."""
    return sql(name, _expect, workspace=ctx.workspace.id, id=row["id"], now=ctx.now, **values)


def decide(ctx: Context, row: Row, status: str, *, ts: str | None = None, error: str | None = None) -> Statement:
    """A delivery's end, guarded by what was read of it."""
    sent_at = ctx.now if status == "sent" else None
    seen = {"flight": row["flight"], "seen": row["attempts"]}
    return change(ctx, "decide", row, 1, status=status, ts=ts, error=error, sent_at=sent_at, **seen)


def again(ctx: Context, row: Row) -> None:
    """Collect that a delivery without success goes again; its message is looked for where it may have been posted."""
    if row["status"] != "pending":  # a pending one keeps what it knows: whether Slack was asked
        unknown = "post" if (row["error"] or "").startswith(UNKNOWN) else "none"
        ctx.write(change(ctx, "again", row, 1, flight=unknown))
    ctx.publish(DeliverSlackMessage(delivery_id=row["id"]))
    ctx.audit("slack.retried", row["channel_id"], row["id"])


async def deliver_to(ctx: Context, channels: list[str], source: str, id: str, version: int, payload: Payload) -> int:
    """Collect a delivery of one version for each channel that has none yet; how many."""
    what = {"source": source, "note": id, "version": version, "workspace": ctx.workspace.id}
    there = {row["channel_id"] for row in await ctx.db.all(sql("channels_with_version", **what))}
    fresh = [channel for channel in channels if channel not in there]
    body = msgspec.json.encode(payload).decode()
    for channel in fresh:
        delivery = ctx.new_id("sd")
        ctx.write(sql("insert_delivery", 1, id=delivery, channel=channel, payload=body, now=ctx.now, **what))
        ctx.publish(DeliverSlackMessage(delivery_id=delivery))
    return len(fresh)


def shown_channel(row: Row) -> Channel:
    """A row as people see it."""
    lists: dict[str, Any] = {name: msgspec.json.decode(row[name]) for name in ("notes", "reports")}
    times: dict[str, Any] = {name: show(row[name]) or "" for name in ("created_at", "updated_at")}
    return Channel(id=row["channel_id"], name=row["name"], needle_movers=bool(row["needle_movers"]), **lists, **times)


def shown_delivery(row: Row) -> SlackDelivery:
    """A row as people see it."""
    names = ("id", "source", "source_note_id", "channel_id", "status", "attempts", "slack_ts", "error")
    times: dict[str, Any] = {"sent_at": show(row["sent_at"]), "created_at": show(row["created_at"]) or ""}
    return SlackDelivery(**{name: row[name] for name in names}, note_version=f"v{row['note_version']}", **times)
