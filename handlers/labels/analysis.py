"""One analysis of a text: the same text under the same definitions is read by the models once."""

from collections.abc import Sequence
from functools import partial

import msgspec
from anyio import to_thread
from needlework.bus.context import Context
from needlework.handlers.labels.analyser import ANALYSER_VERSION, LabelResult, Segment, analyse
from needlework.handlers.labels.definitions import LabelDefinition
from needlework.handlers.labels.store import sql
from needlework.handlers.times import DAY
from needlework.handlers.words import content_hash

KEPT = 90 * DAY


async def results(
    ctx: Context, segments: Sequence[Segment], definitions: Sequence[LabelDefinition], *, again: bool
) -> tuple[list[LabelResult], str, bool]:
    """What the analyser finds, the hash of its input, and whether that was known already."""
    key = input_hash(segments, definitions)
    if not again:
        kept = await ctx.db.value(sql("kept_results", workspace=ctx.workspace.id, hash=key))
        if kept is not None:
            return _placed(msgspec.json.decode(kept, type=list[LabelResult]), segments), key, True
    numbered = [msgspec.structs.replace(each, id=str(at)) for at, each in enumerate(segments)]
    found = await to_thread.run_sync(partial(analyse, numbered, definitions))
    text = msgspec.json.encode(found).decode()
    now, workspace = ctx.now, ctx.workspace.id
    values = {"id": ctx.new_id("res"), "hash": key, "results": text, "now": now}
    ctx.write(sql("keep_results", workspace=workspace, **values))
    ctx.write(sql("forget_results", workspace=workspace, before=now - KEPT))
    return _placed(found, segments), key, False


def input_hash(segments: Sequence[Segment], definitions: Sequence[LabelDefinition]) -> str:
    """What a result depends on: who says what, the definitions, and the analyser with its models."""
    said = [(each.sender, each.text) for each in segments]
    return content_hash(said, msgspec.to_builtins(list(definitions)), ANALYSER_VERSION)


def _placed(found: Sequence[LabelResult], segments: Sequence[Segment]) -> list[LabelResult]:
    """Results name segments by number, so that equal texts share them; here they get their own ids."""
    return [
        msgspec.structs.replace(
            result,
            evidence=[
                msgspec.structs.replace(each, message_id=segments[int(each.message_id or 0)].id)
                for each in result.evidence
            ],
        )
        for result in found
    ]
