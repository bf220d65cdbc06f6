"""Put a needle mover into words: summaries of its evidence as it is, a title where no person wrote one."""

from collections.abc import Sequence
from functools import partial

import msgspec
from anyio import to_thread
from needlework.bus.context import Context
from needlework.handlers.needle_movers import store, titles
from needlework.handlers.needle_movers.impact import RECENT, Basis, Evidence, impact
from needlework.handlers.needle_movers.summaries import Quote, evidence_hash, ordered, summarise


async def quotes_of(ctx: Context, mover: str) -> list[Quote]:
    """The latest that is linked to a mover as quotes; one that carries several labels once, at its most severe."""
    rows = await ctx.db.all(store.sql("quotes", workspace=ctx.workspace.id, id=mover))
    found: dict[str, Quote] = {}
    for row in rows:
        quote = Quote(row["id"], row["quote"], row["who"] or "", row["severity"], row["score"], row["said_at"])
        known = found.setdefault(store.place(row), quote)
        if (quote.severity, quote.score) > (known.severity, known.score):
            found[store.place(row)] = quote
    return list(found.values())


async def summarise_anew(ctx: Context, row: store.Row, evidence: Sequence[Evidence], by: Basis) -> bool:
    """Collect summaries of what is linked to mover `row`, which `evidence` is; False where it is what it was.

    The impact of a week ago is that of what was said until then, measured by the workspace as it is now.
    """
    quotes = await quotes_of(ctx, row["id"])
    hash_ = evidence_hash(quotes, ctx.now)
    if hash_ == row["evidence_hash"]:
        return False
    earlier = [each for each in evidence if each.at < ctx.now - RECENT]
    before = impact(earlier, by.workspace, ctx.now - RECENT, by.weights).score
    made = summarise(quotes, before, impact(evidence, by.workspace, ctx.now, by.weights).score, ctx.now)
    values = {"short": made.short, "long": made.long, "delta": made.delta, "hash": hash_, "now": ctx.now}
    values |= {"citations": msgspec.json.encode(made.citations).decode(), "id": row["id"], "seen": row["revision"]}
    ctx.write(store.sql("put_summaries", 1, workspace=ctx.workspace.id, **values))
    return True


async def title_anew(ctx: Context, row: store.Row) -> bool:
    """Collect a title of what is linked to mover `row` now; False where a person wrote it or nothing else is said.

    The last of what is collected for the mover: it takes the mover's revision further.
    """
    quotes = await quotes_of(ctx, row["id"])
    hash_ = titles.input_hash([each.text for each in quotes])
    if row["title_provenance"] == "user" or not quotes or hash_ == row["title_hash"]:
        return False
    title = await title_of([each.text for each in ordered(quotes, ctx.now)], row["kind"])
    vector, encoder = await store.name_vector(title, row["description"])
    values = {"title": title, "hash": hash_, "vector": vector, "encoder": encoder, "now": ctx.now}
    ctx.write(store.sql("put_title", 1, workspace=ctx.workspace.id, id=row["id"], seen=row["revision"], **values))
    other = bool(title != row["title"])
    if other:
        ctx.tell("needle_mover.updated", needle_mover_id=row["id"], changed=["title"])
    return other


async def title_of(quotes: Sequence[str], kind: str) -> str:
    """The title of what was said, the weightiest first, for a mover of a kind."""
    # numpy and the encoder are loaded by the first text, not by the start of the service
    from needlework.handlers.text.encoder import shared_encoder

    return await to_thread.run_sync(partial(titles.title_of, quotes[: titles.READ], shared_encoder().encode, kind))
