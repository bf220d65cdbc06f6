"""What an entity says: its labels as spans, each with who said it and when, kept beside the labels."""

from functools import partial
from typing import Any

import msgspec
from anyio import to_thread
from needlework.bus.context import Context
from needlework.handlers.answers import Page
from needlework.handlers.labels.messages import ContentLabel, ContentType, ListContentLabels, ListLabels
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.impact import severity_of
from needlework.handlers.words import content_hash

PAGE = 500
WHOSE = {"conversation": "whose_conversation", "note": "whose_note"}
Place = tuple[str, str, int, str]
"""Label, message, start, quote: what makes a span the same one in a later analysis."""


async def relevant(ctx: Context) -> set[str]:
    """The labels that feed needle movers in this workspace."""
    definitions = (await ctx.query(ListLabels())).items
    return {each.key for each in definitions if each.enabled and each.needle_relevant}


async def labels(ctx: Context, type_: ContentType, id_: str) -> list[ContentLabel]:
    """The labels of one conversation or note that count and feed needle movers."""
    wanted, found, cursor = await relevant(ctx), list[ContentLabel](), None
    while True:
        asked = ListContentLabels(content_type=type_, content_id=id_, limit=PAGE, cursor=cursor)
        page: Page[ContentLabel] = await ctx.query(asked)
        found += [each for each in page.items if each.label in wanted]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def version_of(found: list[ContentLabel]) -> str:
    """Names a set of labels: equal where an entity's labels have not changed."""
    return content_hash(sorted((each.id, each.state) for each in found))[:32]


async def keep(ctx: Context, type_: ContentType, id_: str) -> list[str]:
    """Collect the spans of an entity as its labels are now; the movers that lose evidence by it.

    A place that has a label still keeps its span, whatever the label's id is now. What a person decided stays.
    """
    found = await labels(ctx, type_, id_)
    stored = await ctx.db.all(store.sql("entity_spans", workspace=ctx.workspace.id, type=type_, content=id_))
    known = {_place_of(row): row for row in stored}
    places = {_place(each): each for each in found}
    fresh = [each for place, each in places.items() if place not in known]
    facts = await _facts(ctx, type_, id_, found)
    for each, (vector, encoder) in zip(fresh, await _vectors(fresh), strict=True):
        values = {"vector": vector, "encoder": encoder, "severity": severity_of(each.label)}
        values |= {"label": each.label, "type": type_, "content": id_, "end": each.evidence[0].end}
        values |= dict(zip(("label", "message", "start", "quote"), _place(each), strict=True))
        values |= {"content_label": each.id, **facts[each.id]}
        ctx.write(store.sql("insert_span", 1, id=ctx.new_id("span"), workspace=ctx.workspace.id, now=ctx.now, **values))
    for place, row in known.items():
        label = places.get(place)
        if label is not None and _differs(row, label, facts[label.id]):
            values = {"content_label": label.id, **facts[label.id], "id": row["id"], "now": ctx.now}
            ctx.write(store.sql("update_span", 1, workspace=ctx.workspace.id, **values))
    return _drop(ctx, [row for place, row in known.items() if place not in places and not row["decided"]])


def _drop(ctx: Context, gone: list[store.Row]) -> list[str]:
    """Collect the end of spans whose label is gone."""
    movers = []
    for row in gone:
        values = {"workspace": ctx.workspace.id, "span": row["id"]}
        ctx.write(store.sql("drop_span_evidence", **values), store.sql("drop_span", **values))
        if row["mover_id"] is not None:
            movers.append(row["mover_id"])
            ctx.write(store.sql("touch_mover", workspace=ctx.workspace.id, id=row["mover_id"], now=ctx.now))
    return movers


def _place(label: ContentLabel) -> Place:
    span = label.evidence[0]
    return label.label, span.message_id or "", span.start, span.quote


def _place_of(row: store.Row) -> Place:
    return row["label_key"], row["message_id"], row["span_start"], row["quote"]


def _differs(row: store.Row, label: ContentLabel, facts: dict[str, Any]) -> bool:
    return row["content_label_id"] != label.id or any(row[name] != value for name, value in facts.items())


async def _facts(ctx: Context, type_: str, id_: str, found: list[ContentLabel]) -> dict[str, dict[str, Any]]:
    """By label: the account that the entity belongs to, who said it, and when."""
    whose = await ctx.db.one(store.sql(WHOSE[type_], workspace=ctx.workspace.id, id=id_))
    if whose is None:
        return {each.id: {"account_id": None, "contact": None, "said_at": ctx.now} for each in found}
    ids = sorted({span.message_id for each in found for span in each.evidence if span.message_id})
    asked = {"conversation": id_, "ids": msgspec.json.encode(ids).decode()}
    rows = await ctx.db.all(store.sql("messages_said", workspace=ctx.workspace.id, **asked)) if ids else []
    said = {row["id"]: row for row in rows}
    facts = {}
    for each in found:
        message = said.get(each.evidence[0].message_id or "")
        facts[each.id] = {
            "account_id": whose["account_id"],
            "contact": (message["sender"] or None) if message is not None else None,
            "said_at": message["sent_at"] if message is not None else whose["at"],
        }
    return facts


async def _vectors(fresh: list[ContentLabel]) -> list[tuple[bytes, str]]:
    if not fresh:
        return []
    # numpy and the encoder are loaded by the first text, not by the start of the service
    from needlework.handlers.text.encoder import shared_encoder

    encoder = shared_encoder()
    quotes = [each.evidence[0].quote for each in fresh]
    return [(row.tobytes(), encoder.id) for row in await to_thread.run_sync(partial(encoder.encode, quotes))]
