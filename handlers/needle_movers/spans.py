"""What an entity says: its labels as spans, each with who said it and when, kept beside the labels."""

from functools import partial
from typing import Any

from anyio import to_thread
from needlework.bus.context import Context
from needlework.handlers.labels.messages import ContentType, LabelEvidence, LabelsOfContent
from needlework.handlers.needle_movers import store
from needlework.handlers.times import read_time
from needlework.handlers.words import content_hash

Place = tuple[str, str, int, str]
"""Label, message, start, quote: what makes a span the same one in a later analysis."""

WEIGHED = ("account_id", "contact", "severity", "said_at")
"""What an impact is measured by, of that which may be known better later."""
OUR_OWN = "service_result"


async def labels(ctx: Context, type_: ContentType, id_: str) -> list[LabelEvidence]:
    """The labels of one conversation or note that count and feed needle movers."""
    if type_ == "note" and await ctx.db.value(store.sql("note_kind", workspace=ctx.workspace.id, id=id_)) == OUR_OWN:
        return []  # what we wrote ourselves, with customers' words in it, is nobody's evidence
    found: list[LabelEvidence] = await ctx.query(LabelsOfContent(content_type=type_, content_id=id_))
    return [each for each in found if each.needle_relevant and not each.repeats]


def version_of(found: list[LabelEvidence]) -> str:
    """Names a set of labels: equal where an entity's labels have not changed."""
    return content_hash(sorted((each.id, each.state) for each in found))[:32]


async def keep(ctx: Context, type_: ContentType, id_: str) -> list[str]:
    """Collect the spans of an entity as its labels are now; the movers whose evidence is another by it.

    A place that has a label still keeps its span, whatever the label's id is now. What a person decided stays.
    """
    places = {_place(each): each for each in await labels(ctx, type_, id_)}
    stored = await ctx.db.all(store.sql("entity_spans", workspace=ctx.workspace.id, type=type_, content=id_))
    known = {_place_of(row): row for row in stored}
    fresh = [each for place, each in places.items() if place not in known]
    for each, (vector, encoder) in zip(fresh, await _vectors(fresh), strict=True):
        values: dict[str, Any] = dict(zip(("label", "message", "start", "quote"), _place(each), strict=True))
        values |= {"vector": vector, "encoder": encoder, "type": type_, "content": id_, "end": each.evidence[0].end}
        values |= _facts(each)
        ctx.write(store.sql("insert_span", 1, id=ctx.new_id("span"), workspace=ctx.workspace.id, now=ctx.now, **values))
    gone = [row for place, row in known.items() if place not in places and not row["decided"]]
    _drop(ctx, gone)
    others = _correct(ctx, [(row, places[place]) for place, row in known.items() if place in places])
    movers = list(dict.fromkeys(row["mover_id"] for row in (*gone, *others) if row["mover_id"] is not None))
    for mover in movers:
        ctx.write(store.sql("touch_mover", workspace=ctx.workspace.id, id=mover, now=ctx.now))
    return movers


def _correct(ctx: Context, known: list[tuple[store.Row, LabelEvidence]]) -> list[store.Row]:
    """Collect what is known better of spans; those of which it changes what an impact is measured by."""
    others = []
    for row, label in known:
        facts = _facts(label)
        if any(row[name] != value for name, value in facts.items()):
            values = {**facts, "id": row["id"], "now": ctx.now}
            ctx.write(store.sql("update_span", 1, workspace=ctx.workspace.id, **values))
        if any(row[name] != facts[name] for name in WEIGHED):
            others.append(row)
    return others


def _drop(ctx: Context, gone: list[store.Row]) -> None:
    """Collect the end of spans whose label is gone."""
    for row in gone:
        values = {"workspace": ctx.workspace.id, "span": row["id"]}
        ctx.write(store.sql("drop_span_evidence", **values), store.sql("drop_span", **values))


def _place(label: LabelEvidence) -> Place:
    span = label.evidence[0]
    return label.label, span.message_id or "", span.start, span.quote


def _place_of(row: store.Row) -> Place:
    return row["label_key"], row["message_id"], row["span_start"], row["quote"]


def _facts(label: LabelEvidence) -> dict[str, Any]:
    """What may be known better later, by column."""
    return {
        "content_label_id": label.id,
        "account_id": label.account_id,
        "contact": label.sender or None,
        "severity": label.severity,
        "said_at": read_time(label.sent_at),
    }


async def _vectors(fresh: list[LabelEvidence]) -> list[tuple[bytes, str]]:
    if not fresh:
        return []
    # the encoder is loaded by the first text, not by the start of the service
    from needlework.handlers.text.encoder import shared_encoder

    encoder = shared_encoder()
    quotes = [each.evidence[0].quote for each in fresh]
    return [(row.tobytes(), encoder.id) for row in await to_thread.run_sync(partial(encoder.encode, quotes))]
