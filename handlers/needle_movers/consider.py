"""One span: match it, link or suggest it, or found a needle mover with what waits beside it."""

from typing import Any, NamedTuple

import msgspec
from needlework.bus.context import Context
from needlework.handlers.needle_movers import founding, index, pool, store, titles, wording
from needlework.handlers.needle_movers.crowd import Candidate, Crowd
from needlework.handlers.needle_movers.founding import Loose
from needlework.handlers.needle_movers.index import Index
from needlework.handlers.needle_movers.matching import KINDS, Match, Verdict, verdict
from needlework.handlers.needle_movers.messages import MatchEntity
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.encoder import shared_encoder

MODEL = "matching-1"
"""Names the way of matching; stored with each piece of evidence, with the encoder's id."""
NEAR = 0.45
"""Cosine with a new mover from which on a waiting span is matched again."""


class Outcome(NamedTuple):
    """What became of a span: linked, moved, suggested, created or unchanged; with which mover, how surely."""

    outcome: str
    mover: str | None = None
    score: float | None = None
    touched: tuple[str, ...] = ()
    created: str | None = None
    """The title of a mover that it founded."""

    @property
    def linked(self) -> str | None:
        """The mover that the span is linked to now, where anything changed."""
        return None if self.outcome == "suggested" else self.mover


async def consider(ctx: Context, row: store.Row, known: Index) -> Outcome:
    """Collect what follows for the span of `row`, guarded by the revision that `known` was read at."""
    said = index.said_of(row)
    found = known.verdict(said)
    guard = {"seen": known.revision, "now": ctx.now}
    ctx.write(store.sql("advance", 1, workspace=ctx.workspace.id, **guard))
    outcome = None
    if found.decision == "none" or (found.decision == "suggest" and not _held(row, found, known)):
        outcome = await _found(ctx, row, known, found)
    if outcome is None:
        outcome = _place(ctx, row, found, known)
    if outcome.created is None:
        mover = row["mover_id"] if outcome.outcome == "unchanged" else outcome.linked
        assigned = {"span": row["id"], "mover": mover, "considered": known.definitions, "now": ctx.now}
        ctx.write(store.sql("assign_span", 1, workspace=ctx.workspace.id, **assigned))
    for touched in outcome.touched:
        ctx.write(store.sql("touch_mover", workspace=ctx.workspace.id, id=touched, now=ctx.now))
    return outcome


def _held(row: store.Row, found: Verdict, known: Index) -> bool:
    """Whether the mover that has the span fits it well enough still: links do not flicker."""
    scores = {match.mover.id: match.score for match in found.matches}
    return row["mover_id"] is not None and scores.get(row["mover_id"], 0.0) >= known.suggest_at


def _place(ctx: Context, row: store.Row, found: Verdict, known: Index) -> Outcome:
    best = found.matches[0]
    before = row["mover_id"]
    if found.decision == "suggest" or before == best.mover.id:
        if _held(row, found, known):
            return Outcome("unchanged", before, best.score)
        if row["suggested_id"] == best.mover.id and found.decision == "suggest":
            return Outcome("unchanged", best.mover.id, best.score)
    _replace(ctx, row["id"], best, "linked" if found.decision == "link" else "suggested")
    if found.decision == "suggest":
        return Outcome("suggested", best.mover.id, best.score, _both(before, best.mover.id))
    return Outcome("linked" if before is None else "moved", best.mover.id, best.score, _both(before, best.mover.id))


async def _found(ctx: Context, row: store.Row, known: Index, verdict_: Verdict) -> Outcome | None:
    """A mover of this span and those that wait beside it, where they are enough.

    What is only suggested to a mover founds one too, where it is nearer to the others that wait; None where it is not.
    """
    vector = index.vector(row)
    founds = row["label_key"] in KINDS
    rows = await pool.near(ctx, row, vector, founding.ALIKE, tuple(KINDS)) if founds else []
    group = founding.founders(_loose(row), [_loose(each) for each in rows])
    before = row["mover_id"]
    if verdict_.decision == "suggest" and not founding.nearer(group, verdict_.matches[0].components.get("embedding")):
        return None
    if not group:
        if before is not None:
            ctx.write(store.sql("clear_evidence", workspace=ctx.workspace.id, span=row["id"]))
            return Outcome("moved", None, None, (before,))
        return Outcome("unchanged")
    mover = await _create(ctx, group)
    spans = {each["id"]: each for each in (*rows, row)}
    crowd, best = Crowd([mover]), None
    for each in group:
        match = verdict(index.said_of(spans[each.id]), crowd, 0.0, 0.0).matches[0]
        best = match if each.id == row["id"] else best
        _replace(ctx, each.id, match, "linked")
        assigned = {"span": each.id, "mover": mover.id, "considered": known.definitions, "now": ctx.now}
        ctx.write(store.sql("assign_span", 1, workspace=ctx.workspace.id, **assigned))
    await _call_near(ctx, mover, row)
    score = best.score if best is not None else None
    return Outcome("created", mover.id, score, _both(before, mover.id), mover.title)


async def _create(ctx: Context, group: list[Loose]) -> Candidate:
    said = [each.text for each in group]
    kind = founding.kind_of(group)
    title = await wording.title_of(said, kind)
    vector, encoder = await store.name_vector(title, "")
    id_ = ctx.new_id("nm")
    times = [each.at for each in group]
    values: dict[str, Any] = {"title": title, "description": "", "kind": kind, "status": "suggested", "owner_id": None}
    values |= {"provenance": "model", "model": f"{MODEL}/{encoder}", "rules": "{}", "impact_override": None}
    values |= {"summary_user": None, "vector": vector, "encoder": encoder, "title_hash": titles.input_hash(said)}
    values |= {"first_seen_at": min(times), "last_seen_at": max(times)}
    ctx.write(store.sql("insert_mover", 1, id=id_, workspace=ctx.workspace.id, now=ctx.now, **values))
    name = index.vector({"vector": vector})
    spoken = [word for text in (title, *said) for word in words(text)]
    return Candidate(id_, title, kind, name, spoken, examples={each.id: each.vector for each in group})


async def _call_near(ctx: Context, mover: Candidate, row: store.Row) -> None:
    """Let spans that wait and are near a new mover be matched again."""
    middle = mover.theme("").examples.mean(axis=0)
    near = [each for each in await pool.near(ctx, row, middle, NEAR) if each["id"] not in mover.examples]
    for each in near:
        values = {"span": each["id"], "mover": None, "considered": 0, "now": ctx.now}
        ctx.write(store.sql("assign_span", workspace=ctx.workspace.id, **values))
    for type_, id_ in dict.fromkeys((each["content_type"], each["content_id"]) for each in near):
        ctx.publish(MatchEntity(entity_type=type_, entity_id=id_))


def _replace(ctx: Context, span: str, match: Match, state: str) -> None:
    """Collect that a span is evidence of this mover, and of no other."""
    values: dict[str, Any] = {"mover": match.mover.id, "score": match.score, "state": state}
    values |= {"components": msgspec.json.encode(match.components).decode(), "provenance": match.provenance}
    values |= {"model": f"{MODEL}/{shared_encoder().id}", "id": ctx.new_id("ev"), "span": span, "now": ctx.now}
    ctx.write(store.sql("clear_evidence", workspace=ctx.workspace.id, span=span))
    ctx.write(store.sql("insert_evidence", 1, workspace=ctx.workspace.id, **values))


def _loose(row: store.Row) -> Loose:
    subject = row["account_id"] or row["contact"] or row["content_id"]
    place = (row["quote"], row["label_key"], subject, row["severity"], row["said_at"], index.vector(row))
    return Loose(row["id"], *place, sure=(dict(row).get("label_score") or 0.0) >= founding.SURE)


def _both(before: str | None, after: str) -> tuple[str, ...]:
    return (after,) if before is None or before == after else (before, after)
