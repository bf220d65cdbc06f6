"""Find labels now: of one content, or of what waits in the queue."""

from functools import partial

from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import loading, store
from needlework.handlers.labels.analyser import analyse
from needlework.handlers.labels.labelling import label
from needlework.handlers.labels.messages import (
    AnalyseContentLabels,
    ContentType,
    LabelAnalysis,
    LabelFound,
    PreviewLabels,
    version_number,
)
from needlework.handlers.labels.preview import shown

DRAINED = 100
"""Queued pairs that one call analyses."""


@subscribe(AnalyseContentLabels, runner="content")
async def analyse_content_labels(message: AnalyseContentLabels, ctx: Context) -> LabelAnalysis:
    """The results, present or not. Raises Refuse 404 for an unknown content, 409 for an old version."""
    if message.text is not None:  # published without HTTP
        found: LabelAnalysis = await ctx.query(PreviewLabels(text=message.text, labels=message.labels))
        return found
    if message.content_type is None or message.content_id is None:
        return await _drain(ctx)
    loaded = await loading.load(ctx, message.content_type, message.content_id)
    current = loaded.content.version
    if message.version is not None and version_number(message.version) != current:
        raise Refuse(409, "superseded", f"the current version of {message.content_id} is v{current}")
    definitions = await store.chosen(ctx, message.labels)
    if not message.persist:
        results = await to_thread.run_sync(partial(analyse, loaded.segments, definitions))
        return LabelAnalysis(results=[shown(each, loaded.content) for each in results])
    labelled = await label(ctx, loaded, definitions, whole=not message.labels)
    return LabelAnalysis(results=[shown(each, loaded.content) for each in labelled.found], cached=labelled.cached)


async def _drain(ctx: Context) -> LabelAnalysis:
    """Up to 100 pairs, the oldest first, a content at a time; each is committed by itself."""
    rows = await ctx.db.all(store.sql("queued_pairs", workspace=ctx.workspace.id, limit=DRAINED))
    pairs: dict[tuple[ContentType, str], list[str]] = {}
    for row in rows:
        pairs.setdefault((row["content_type"], row["content_id"]), []).append(row["label_key"])
    results: list[LabelFound] = []
    for (type_, id_), keys in pairs.items():
        results += await label_pairs(ctx, type_, id_, keys)
        await ctx.commit()
    remaining = int(await ctx.db.value(store.sql("count_queued_pairs", workspace=ctx.workspace.id)))
    return LabelAnalysis(results=results, remaining=remaining)


async def label_pairs(ctx: Context, type_: ContentType, id_: str, keys: list[str]) -> list[LabelFound]:
    """Collect the labels with these keys of one content; what is gone, or switched off, leaves the queue."""
    definitions = [each for each in (await store.definitions(ctx)).values() if each.enabled and each.key in keys]
    loaded = None
    try:
        loaded = await loading.load(ctx, type_, id_)
    except Refuse as refusal:
        if refusal.status != 404:
            raise
    if loaded is None or not definitions:
        values = {"type": type_, "content": id_}
        ctx.write(store.sql("drop_pairs", workspace=ctx.workspace.id, **values))
        return []
    labelled = await label(ctx, loaded, definitions, whole=False)
    return [shown(each, loaded.content) for each in labelled.found]
