"""One text is labelled: analysed, its labels compared with those it had, the change saved."""

from collections.abc import Sequence
from typing import NamedTuple

from needlework.bus.context import Context
from needlework.handlers.labels import analysis, store
from needlework.handlers.labels.analyser import LabelResult
from needlework.handlers.labels.definitions import LabelDefinition
from needlework.handlers.labels.loading import Loaded
from needlework.handlers.labels.store import Change


class Labelled(NamedTuple):
    """What was found, what that changes, and whether it was known already."""

    found: list[LabelResult]
    change: Change
    cached: bool


async def label(
    ctx: Context, loaded: Loaded, definitions: Sequence[LabelDefinition], *, whole: bool, again: bool = False
) -> Labelled:
    """Collect the new labels and what follows from them. `whole`: by all definitions, so that the text is done."""
    found, input_hash, cached = await analysis.results(ctx, loaded.segments, definitions, again=again)
    content, keys = loaded.content, {each.key for each in definitions}
    values = {"workspace": ctx.workspace.id, "type": content.type, "content": content.id}
    rows = await ctx.db.all(store.sql("current_labels", **values))
    change = store.compare([row for row in rows if whole or row["label_key"] in keys], found)
    store.save(ctx, content, change, input_hash)
    if whole:
        store.mark(ctx, content, loaded.last_message)
        ctx.write(store.sql("drop_pairs", **values))
    else:
        for each in definitions:
            versions = {"version": content.version, "definition_version": each.version}
            ctx.write(store.sql("finish_pair", label=each.key, now=ctx.now, **versions, **values))
    told = {result.label for result in found if result.present and whole and not cached}
    store.hand_on(ctx, content, change, told if content.type == "conversation" else set())
    return Labelled(found, change, cached)
