"""Post a delivery, or edit the message of an earlier version: once, whatever happens in between.

What is about to be asked of Slack is committed before it is asked. Whoever finds such a mark later (after a crash, a
time-out, an answer that broke off) looks for the message in the channel's history, by the delivery's id in its
metadata, before it posts anything.
"""

import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError, Retry
from needlework.bus.peers import Peer
from needlework.bus.subscriptions import subscribe
from needlework.handlers.net.outcomes import Limited, Refused, Unknown, Unsent
from needlework.handlers.slack import client, store
from needlework.handlers.slack.blocks import Payload
from needlework.handlers.slack.messages import DeliverSlackMessage
from needlework.handlers.slack.store import UNKNOWN, Row
from needlework.handlers.slack.turns import hold, take_turn, wait_for_older

SETTLE = 15.0
"""Seconds after an attempt of unknown outcome until its message is looked for: it may still be arriving."""
SKEW = 600.0
"""Seconds by which Slack's clock and ours may differ."""
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
TOO_LONG = frozenset({"msg_too_long", "msg_blocks_too_long"})
Outcome = dict[str, str]


@subscribe(DeliverSlackMessage, runner="slack_message_delivery")
async def deliver(message: DeliverSlackMessage, ctx: Context) -> Outcome:
    """Bring one delivery to its end; one that has ended stays as it is, one that was tried often enough has failed."""
    try:
        return await _deliver(ctx, await store.delivery(ctx, message.delivery_id))
    except (Unsent, Unknown) as error:
        if not ctx.last_attempt:
            raise
        row = await store.delivery(ctx, message.delivery_id)
        doubt = UNKNOWN if row["flight"] == "post" else ""
        return _fail(ctx, row, f"{doubt}given up: {error}")


async def _deliver(ctx: Context, row: Row) -> Outcome:
    if row["status"] != "pending":
        store.ended(ctx, row, row["status"], row["slack_ts"], row["error"])
        return {"status": row["status"]}
    peer = ctx.peer("slack")
    problem = _unusable(ctx, peer)
    if peer is None or problem:
        return _fail(ctx, row, problem)
    if row["flight"] == "post":
        found = await _look(ctx, peer, row)
        if found is not None:
            return found
    same = await store.versions(ctx, row)
    newer = [each for each in same if each["note_version"] > row["note_version"]]
    if newer:
        return _skip(ctx, row, f"superseded by v{newer[-1]['note_version']}")
    older = [each for each in same if each["note_version"] < row["note_version"]]
    left = await wait_for_older(ctx, row, older)
    if left is not None:
        await _resolve(ctx, peer, left)
    channel = await store.channel(ctx, row["channel_id"])
    ts = next((each["slack_ts"] for each in reversed(older) if each["slack_ts"]), None)
    edit_only = msgspec.json.decode(row["payload"], type=Payload).edit_only
    if channel is not None:
        await take_turn(ctx, row, channel)
    elif ts is None or not edit_only:
        return _skip(ctx, row, "unsubscribed")
    if ts is None and edit_only:
        return _skip(ctx, row, "nothing was posted")
    return await _send(ctx, peer, row, ts)


def _unusable(ctx: Context, peer: Peer | None) -> str:
    """Why Slack cannot be asked, or nothing."""
    if peer is None:
        name = "slack" if ctx.workspace.name == "default" else f"slack_{ctx.workspace.name}"
        return f'not_configured: needlework.toml has no token; write [secrets] {name} = {{ env = "SLACK_TOKEN" }}'
    try:
        peer.secret()
    except ConfigError as error:
        return f"not_configured: {error.detail}"
    return ""


async def _send(ctx: Context, peer: Peer, row: Row, ts: str | None) -> Outcome:
    """Ask Slack, and keep what is known of the outcome."""
    flight = "update" if ts else "post"
    ctx.write(store.change(ctx, "begin", row, 1, flight=flight, seen=row["attempts"]))
    await ctx.commit()
    row = {**dict(row), "flight": flight, "attempts": row["attempts"] + 1}
    payload = msgspec.json.decode(row["payload"], type=Payload)
    try:
        if ts:
            stamp = await client.update(peer, row["channel_id"], ts, payload.body(), row["id"])
        else:
            stamp = await client.post(peer, row["channel_id"], payload.body(), row["id"])
    except Refused as refused:
        return await _refused(ctx, row, payload, str(refused))
    except Limited as limited:
        await hold(ctx, row, limited.seconds)
        await _trouble(ctx, row, "none", str(limited))
        raise Retry(str(limited), after=limited.seconds) from None
    except Unsent as unsent:
        await _trouble(ctx, row, "none", str(unsent))
        raise
    except Unknown as unknown:
        await _trouble(ctx, row, flight, str(unknown))
        raise
    return _sent(ctx, row, stamp, "slack.edited" if ts else "slack.posted")


async def _refused(ctx: Context, row: Row, payload: Payload, error: str) -> Outcome:
    if error in GONE and row["flight"] == "update":
        what = {"source": row["source"], "note": row["source_note_id"], "channel": row["channel_id"]}
        ctx.write(store.sql("forget_message", workspace=ctx.workspace.id, now=ctx.now, **what))
        await _trouble(ctx, row, "none", f"the message cannot be edited any more: {error}")
        raise Retry(error, after=1.0)
    if error in TOO_LONG and (shorter := payload.shortened(row["source_note_id"])) is not None:
        await _trouble(ctx, row, "none", error, shorter)
        raise Retry(error, after=1.0)
    return _fail(ctx, row, error)


async def _look(ctx: Context, peer: Peer, row: Row) -> Outcome | None:
    """What became of an attempt of unknown outcome: the end of the delivery, None where nothing was posted."""
    wait = row["attempted_at"] / SECOND + SETTLE - ctx.now / SECOND
    if 0 < wait <= SETTLE:
        raise Retry("the message may still be arriving", after=wait)
    try:
        ts = await client.search(peer, row["channel_id"], row["id"], row["attempted_at"] / SECOND - SKEW)
    except Limited as limited:
        raise Retry(str(limited), after=limited.seconds) from None
    except Refused as refused:
        return _fail(ctx, row, f"{UNKNOWN}and the channel's history cannot be read: {refused}")
    return None if ts is None else _sent(ctx, row, ts, "slack.posted")


async def _resolve(ctx: Context, peer: Peer, left: Row) -> None:
    """Decide an older version that nobody works on any more; then begin anew. Raises Retry."""
    if await _look(ctx, peer, left) is None:
        ctx.write(store.decide(ctx, left, "skipped", error="superseded"))
    await ctx.commit()
    raise Retry("an older version was decided", after=0.0)


async def _trouble(ctx: Context, row: Row, flight: str, error: str, payload: Payload | None = None) -> None:
    """Commit what an attempt without decision came to."""
    body = row["payload"] if payload is None else msgspec.json.encode(payload).decode()
    ctx.write(store.change(ctx, "note_trouble", row, 1, flight=flight, error=error, payload=body))
    await ctx.commit()


def _sent(ctx: Context, row: Row, ts: str, action: str) -> Outcome:
    ctx.write(store.decide(ctx, row, "sent", ts=ts))
    store.ended(ctx, row, "sent", ts, None)
    ctx.audit(action, row["channel_id"], f"{row['source_note_id']} v{row['note_version']} ({row['id']})")
    return {"status": "sent", "ts": ts}


def _skip(ctx: Context, row: Row, why: str) -> Outcome:
    ctx.write(store.decide(ctx, row, "skipped", error=why))
    store.ended(ctx, row, "skipped", None, why)
    return {"status": "skipped", "error": why}


def _fail(ctx: Context, row: Row, error: str) -> Outcome:
    ctx.write(store.decide(ctx, row, "failed", error=error))
    store.ended(ctx, row, "failed", None, error)
    ctx.audit("slack.failed", row["channel_id"], f"{error}: {row['source_note_id']} v{row['note_version']}")
    ctx.tell("slack.failed", delivery_id=row["id"], channel_id=row["channel_id"], error=error)
    return {"status": "failed", "error": error}
