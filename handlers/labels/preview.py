"""The labels of a text that is not stored."""

from functools import partial

from anyio import to_thread
from needlework.bus.context import Context
from needlework.bus.subscriptions import subscribe
from needlework.handlers.labels import store
from needlework.handlers.labels.analyser import LabelResult, Segment, analyse
from needlework.handlers.labels.messages import LabelAnalysis, LabelFound, PreviewLabels, Span
from needlework.handlers.labels.store import Content


@subscribe(PreviewLabels, runner="content")
async def preview(message: PreviewLabels, ctx: Context) -> LabelAnalysis:
    """As an analysis would say it. Raises Refuse 422 for an unknown label."""
    definitions = await store.chosen(ctx, message.labels)
    found = await to_thread.run_sync(partial(analyse, [Segment(None, message.text)], definitions))
    return LabelAnalysis(results=[shown(each) for each in found])


def shown(result: LabelResult, content: Content | None = None) -> LabelFound:
    """A result as the API shows it, of a stored content where there is one."""
    evidence = [
        Span(message_id=each.message_id, start=each.start, end=each.end, quote=each.quote, score=each.score)
        for each in result.evidence
    ]
    return LabelFound(
        content_type=None if content is None else content.type,
        content_id=None if content is None else content.id,
        label=result.label,
        present=result.present,
        score=result.score,
        evidence=evidence,
        provenance=result.provenance,
        model=result.model,
    )
