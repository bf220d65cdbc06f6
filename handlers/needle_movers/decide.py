"""A person links or rejects a piece of evidence, or says how severe it is."""

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import measuring, store, thresholds
from needlework.handlers.needle_movers.messages import DecideEvidence, Evidence, MatchEntity


@subscribe(DecideEvidence, runner="content")
async def decide(message: DecideEvidence, ctx: Context) -> Evidence:
    """Set the state, learn from it, measure the mover anew; the same decision again changes nothing."""
    await store.find_standing(ctx, message.id)
    asked = {"workspace": ctx.workspace.id, "id": message.id, "evidence": message.evidence_id}
    row = await ctx.db.one(store.sql("find_evidence", **asked))
    if row is None:
        raise Refuse(404, "not_found", f"no evidence {message.evidence_id!r} of needle mover {message.id}")
    touched = ctx.cursor
    if touched is None:
        known = await store.state(ctx)
        touched = _write(message, ctx, row, known)
        if not touched:
            return store.evidence(row)
        await ctx.commit(cursor=touched)
    await measuring.measure(ctx, touched)
    await thresholds.learn(ctx)
    await ctx.commit(cursor=touched)
    return store.evidence(await ctx.db.one(store.sql("find_evidence", **asked)))


def _write(message: DecideEvidence, ctx: Context, row: store.Row, known: store.Row) -> list[str]:
    """Collect the decision; the movers that it touches, none where it changes nothing."""
    state = message.state or row["state"]
    severity = row["severity"] if message.severity is None else message.severity
    decided = message.state is not None and (row["decided_by"] is None or state != row["state"])
    if not decided and severity == row["severity"]:
        return []
    workspace, now = ctx.workspace.id, ctx.now
    values = {"state": state, "severity": severity, "evidence": message.evidence_id, "now": now}
    by = {"by": ctx.principal if decided else None, "at": now if decided else None}
    ctx.write(store.sql("decide_evidence", 1, workspace=workspace, **values, **by))
    ctx.write(store.sql("touch_standing", 1, workspace=workspace, id=message.id, now=now))
    others = []
    if decided:
        store.redefine(ctx, decisions=1)
        others = _assign(message, ctx, row, known)
    if decided and state == "linked":
        said = {"content_label_id": row["content_label_id"], "score": row["score"], "outcome": "linked"}
        ctx.tell("needle_mover.linked", needle_mover_id=message.id, **said)
    ctx.write(*(store.sql("touch_mover", workspace=workspace, id=each, now=now) for each in others))
    ctx.audit("needle_mover.evidence", message.id, f"{state}: {row['quote'][:200]}")
    return [message.id, *others]


def _assign(message: DecideEvidence, ctx: Context, row: store.Row, known: store.Row) -> list[str]:
    """Collect whose the span is now; another mover that loses it."""
    values = {"workspace": ctx.workspace.id, "span": row["span_id"]}
    if message.state == "linked":
        ctx.write(store.sql("unlink_elsewhere", id=message.id, **values))
        assigned = {"mover": message.id, "considered": known["definitions"] + 1, "now": ctx.now}
        ctx.write(store.sql("assign_span", 1, **assigned, **values))
        return [row["span_mover"]] if row["span_mover"] not in (None, message.id) else []
    if row["span_mover"] == message.id:
        ctx.write(store.sql("assign_span", 1, mover=None, considered=0, now=ctx.now, **values))
    ctx.publish(MatchEntity(entity_type=row["content_type"], entity_id=row["content_id"]))
    return []
