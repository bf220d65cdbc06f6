"""Which needle movers a content fits, changing nothing."""

from functools import partial
from typing import Any, NamedTuple

from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.conversations.messages import ReadTranscript, Transcript
from needlework.handlers.labels.messages import ContentType, LabelEvidence, version_number
from needlework.handlers.needle_movers import index, spans, store
from needlework.handlers.needle_movers.match_messages import (
    MatchContent,
    Matches,
    MatchEvidence,
    MatchFound,
    MatchInput,
)
from needlework.handlers.needle_movers.matching import Match, Said, keys_in
from needlework.handlers.notes.messages import NoteText, ReadNoteText
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.sentences import sentences

MOST = 100
"""Sentences of a content without labels that are looked at."""


class Part(NamedTuple):
    """One part of a content: a label's quote, or a sentence."""

    evidence: MatchEvidence
    label: str | None = None


class Found(NamedTuple):
    """A content's parts, and whose they are."""

    parts: list[Part]
    type: ContentType | None = None
    id: str | None = None


@subscribe(MatchContent, runner="needle_mover")
async def match(message: MatchContent, ctx: Context) -> Matches:
    """Each needle mover by the part that fits it best; the best part's verdict decides."""
    found = await parts_of(message, ctx)
    owner = await _owner(ctx, found)
    texts = [part.evidence.quote for part in found.parts]
    vectors = await to_thread.run_sync(partial(shared_encoder().encode, texts))
    known = await index.load(ctx)
    best: dict[str, MatchFound] = {}
    for part, vector in zip(found.parts, vectors, strict=True):
        verdict = known.verdict(_said(message, part, vector, found, owner))
        for place, each in enumerate(verdict.matches):
            shown = _shown(each, part.evidence, verdict.decision if place == 0 else "none")
            before = best.get(shown.needle_mover_id)
            if before is None or _order(shown) > _order(before):
                best[shown.needle_mover_id] = shown
    return listed(message, list(best.values()))


def listed(message: MatchInput, found: list[MatchFound]) -> Matches:
    """The best of what was found, as many as asked for."""
    least = message.threshold or 0.0
    ordered = sorted((each for each in found if each.score >= least), key=_order, reverse=True)
    linked = next((each.needle_mover_id for each in ordered if each.decision == "link"), None)
    return Matches(ordered[: message.top_k], linked)


def _order(found: MatchFound) -> tuple[bool, float]:
    return found.decision == "link", found.score


async def parts_of(message: MatchInput, ctx: Context) -> Found:
    """The parts of what a message names. Raises Refuse 404, and 422 where there is nothing to match."""
    if message.text is not None:
        return _some(Found(_sentences(message.text, None)))
    if message.content_label_id is not None:
        return await _label(message.content_label_id, ctx)
    if message.note_id is not None:
        return await _note(message.note_id, message.note_version, ctx)
    id_ = message.conversation_fs_id or ""
    transcript: Transcript = await ctx.query(ReadTranscript(id=id_))
    labels = await spans.labels(ctx, "conversation", id_)
    parts = [_labelled(each) for each in labels]
    for line in transcript.lines if not parts else ():
        parts += _sentences(line.text, line.id)
    return _some(Found(parts[:MOST], "conversation", id_))


async def _note(id_: str, version: str | None, ctx: Context) -> Found:
    number = version_number(version) if version is not None else 0
    note: NoteText = await ctx.query(ReadNoteText(id=id_, version=number))
    if note.text is None:
        raise Refuse(404, "not_found", f"note {id_} has no version v{number}; its current one is v{note.current}")
    labels = await spans.labels(ctx, "note", id_) if note.version == note.current else []
    parts = [_labelled(each) for each in labels] or _sentences(note.text, None)
    return _some(Found(parts[:MOST], "note", id_))


async def _label(id_: str, ctx: Context) -> Found:
    row = await ctx.db.one(store.sql("label_content", workspace=ctx.workspace.id, id=id_))
    if row is None:
        raise Refuse(404, "not_found", f"no content label {id_!r} in this workspace")
    labels = await spans.labels(ctx, row["content_type"], row["content_id"])
    parts = [_labelled(each) for each in labels if each.id == id_]
    if not parts:
        raise Refuse(409, "not_in_force", f"label {id_} was rejected or replaced, or feeds no needle movers")
    return Found(parts, row["content_type"], row["content_id"])


def _some(found: Found) -> Found:
    if not found.parts:
        raise Refuse(422, "empty", "there is nothing to match: the content has no readable sentence")
    return found


def _labelled(label: LabelEvidence) -> Part:
    span = label.evidence[0]
    place: dict[str, Any] = {"start": span.start, "end": span.end, "quote": span.quote, "message_id": span.message_id}
    return Part(MatchEvidence(content_label_id=label.id, **place), label.label)


def _sentences(text: str, message_id: str | None) -> list[Part]:
    places = [(span.start, span.end) for span in sentences(text)[:MOST]]
    return [
        Part(MatchEvidence(start=start, end=end, quote=text[start:end], message_id=message_id)) for start, end in places
    ]


async def _owner(ctx: Context, found: Found) -> Any:
    """Account and outside key of a conversation."""
    if found.type != "conversation":
        return None
    return await ctx.db.one(store.sql("conversation_owner", workspace=ctx.workspace.id, id=found.id))


def _said(message: MatchInput, part: Part, vector: Any, found: Found, owner: Any) -> Said:
    account = message.account_id or (owner["account_id"] if owner is not None else None)
    keys = keys_in(part.evidence.quote, owner["external_id"] if owner is not None else None)
    return Said("", part.evidence.quote, vector, part.label, found.id, account, keys, message.kind)


def _shown(match: Match, evidence: MatchEvidence, decision: Any) -> MatchFound:
    return MatchFound(
        needle_mover_id=match.mover.id,
        title=match.mover.title,
        score=match.score,
        decision=decision,
        components=match.components,
        evidence=evidence,
    )
