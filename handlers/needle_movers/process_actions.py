"""Derive what follows from a needle mover; do what can be undone, propose the rest."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Discard, Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import actions, executing, index, store
from needlework.handlers.needle_movers.action_messages import ProcessActions, Processed, ProcessMoverActions
from needlework.handlers.needle_movers.actions import Facts, Proposal
from needlework.handlers.needle_movers.summaries import ordered
from needlework.handlers.needle_movers.wording import quotes_of
from needlework.handlers.slack.messages import ChannelsWanting
from needlework.handlers.system.messages import ReadConfig

ALIKE = 0.85
"""Cosine of two movers' evidence from which on a merge is proposed."""
ENDED = ("resolved", "dismissed")


@subscribe(ProcessActions, runner="needle_mover")
async def process_actions(message: ProcessActions, ctx: Context) -> Processed:
    """For a caller: what has ended is refused."""
    row = await store.find_standing(ctx, message.id)
    if row["status"] in ENDED:
        raise Refuse(409, "ended", f"needle mover {message.id} is {row['status']}: nothing follows from it")
    return await _process(ctx, row)


@subscribe(ProcessMoverActions, runner="needle_mover")
async def process_mover_actions(message: ProcessMoverActions, ctx: Context) -> Processed:
    """After a change: what is gone or has ended meanwhile needs nothing."""
    try:
        row = await store.find_standing(ctx, message.needle_mover_id)
    except Refuse as gone:
        raise Discard(gone.code) from gone
    if row["status"] in ENDED:
        raise Discard(row["status"])
    return await _process(ctx, row)


async def _process(ctx: Context, row: store.Row) -> Processed:
    facts = await _facts(ctx, row)
    evidence = actions.evidence_name(facts.quotes)
    found = []
    for proposal in actions.derive(facts):
        found.append(await _keep(ctx, row["id"], proposal, proposal.fingerprint(row["id"], evidence)))
    return Processed([each["id"] for each in found], found)


async def _keep(ctx: Context, mover: str, proposal: Proposal, fingerprint: str) -> dict[str, Any]:
    """The action as it is there; a new one is written, and done where it can be undone."""
    known = await ctx.db.one(store.sql("find_fingerprint", workspace=ctx.workspace.id, fingerprint=fingerprint))
    if known is not None:
        status, id_ = known["status"], known["id"]
    else:
        id_ = ctx.new_id("action")
        result = executing.execute(ctx, id_, mover, proposal.type, proposal.params) if proposal.reversible else {}
        status = executing.begun(proposal.type) if proposal.reversible else "proposed"
        values: dict[str, Any] = {
            "id": id_,
            "mover": mover,
            "type": proposal.type,
            "target": proposal.target,
            "status": status,
        }
        values |= {"params": msgspec.json.encode(proposal.params).decode(), "reversible": int(proposal.reversible)}
        values |= {"fingerprint": fingerprint, "reason": proposal.reason, "now": ctx.now}
        values |= {"result": msgspec.json.encode(result).decode(), "at": ctx.now if status == "executed" else None}
        ctx.write(store.sql("insert_action", 1, workspace=ctx.workspace.id, **values))
        ctx.audit(f"action.{status}", id_, f"{proposal.type} because of needle mover {mover}: {proposal.reason}")
    return {"id": id_, "type": proposal.type, "status": status, "reversible": proposal.reversible}


async def _facts(ctx: Context, row: store.Row) -> Facts:
    quotes = ordered(await quotes_of(ctx, row["id"]), ctx.now)
    rows = await ctx.db.all(store.sql("action_places", workspace=ctx.workspace.id, id=row["id"]))
    names = ("content_label_id", "account_id", "conversation_id")
    places = {each["id"]: {name: each[name] for name in names} for each in rows}
    same = {name: row[name] for name in ("id", "title", "kind", "status", "owner_id")}
    summary = row["summary_user"] or row["summary_short"]
    alike = await _alike(ctx, row)
    config: dict[str, Any] = await ctx.query(ReadConfig())
    outside: dict[str, Any] = {"channels": await ctx.query(ChannelsWanting())}
    outside["repository"] = config.get("github_repository", "")
    outside["tracked"] = bool(store.rules_of(row).external_keys) or any(each["on_github"] for each in rows)
    return Facts(**same, impact=row["rank"], summary=summary, quotes=quotes, places=places, alike=alike, **outside)


async def _alike(ctx: Context, row: store.Row) -> list[tuple[str, str, float]]:
    """Movers whose evidence and title lie where this one's do."""
    crowd = (await index.load(ctx)).crowd
    mine = crowd.find(row["id"])
    if mine is None:
        return []
    likeness = crowd.middles() @ mine.middle
    near = [(each, round(float(likeness[place]), 4)) for place, each in crowd.placed() if each.id != mine.id]
    alike = [(each.id, each.title, cosine) for each, cosine in near if cosine >= ALIKE]
    return sorted(alike, key=lambda each: (-each[2], each[0]))
