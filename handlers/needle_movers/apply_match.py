"""Link a content as the runner would."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.match import listed, parts_of
from needlework.handlers.needle_movers.match_messages import ApplyMatch, Matches, MatchEvidence, MatchFound
from needlework.handlers.needle_movers.process import match_entity


@subscribe(ApplyMatch, runner="needle_mover")
async def apply_match(message: ApplyMatch, ctx: Context) -> Matches:
    """Match what was not matched yet, and answer what the content is evidence of now: the same for a repeat."""
    found = await parts_of(message, ctx)
    await match_entity(ctx, found.type, found.id or "")
    await ctx.commit(cursor=ctx.cursor)
    values = {"workspace": ctx.workspace.id, "type": found.type, "content": found.id}
    rows = await ctx.db.all(store.sql("content_evidence", **values))
    wanted = message.content_label_id
    best: dict[str, MatchFound] = {}
    for row in rows:
        if wanted in (None, row["content_label_id"]) and row["needle_mover_id"] not in best:
            best[row["needle_mover_id"]] = _shown(row)
    return listed(message, list(best.values()))


def _shown(row: store.Row) -> MatchFound:
    return MatchFound(
        needle_mover_id=row["needle_mover_id"],
        title=row["title"],
        score=row["score"],
        decision="link" if row["state"] == "linked" else "suggest",
        components=msgspec.json.decode(row["components"]),
        evidence=MatchEvidence(
            start=row["span_start"],
            end=row["span_end"],
            quote=row["quote"],
            message_id=row["message_id"] or None,
            content_label_id=row["content_label_id"],
        ),
    )
