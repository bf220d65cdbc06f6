"""One or several: operations that take a single thing or a list of them, and answer alike."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from needlework.bus.context import Context
from needlework.handlers.answers import Saved

Given = TypeVar("Given")
UNIT = 200
"""Things saved in one commit: large lists go in steps, so that no unit grows without bound."""


async def save_all(
    ctx: Context,
    items: Sequence[Given],
    save: Callable[[Context, Given], Awaitable[Saved]],
    keys: Callable[[Given], Iterable[str]],
    weight: Callable[[Given], int] = lambda item: 1,
    stored: Callable[[Context, Given], Awaitable[Iterable[str]]] | None = None,
) -> list[Saved]:
    """Save `items` in order and answer what became of each.

    Two that mean the same thing (they share a key, or what is `stored` of them) go into different commits, because
    what a handler reads does not hold what it has only collected yet. The resume point holds the answers given so far.
    """
    saved: list[Saved] = msgspec.convert(ctx.cursor or [], list[Saved])
    touched: set[str] = set()
    collected = 0
    for item in items[len(saved) :]:
        mine = await _keys(ctx, item, keys, stored)
        if collected >= UNIT or mine & touched:
            await ctx.commit(cursor=msgspec.to_builtins(saved))
            await ctx.progress(len(saved), of=len(items))
            touched, collected = set(), 0
            mine = await _keys(ctx, item, keys, stored)
        saved.append(await save(ctx, item))
        touched |= mine
        collected += weight(item)
    return saved


async def save_one_or_all(
    ctx: Context,
    message: Any,
    save: Callable[[Context, Any], Awaitable[Saved]],
    keys: Callable[[Any], Iterable[str]],
    weight: Callable[[Any], int] = lambda item: 1,
    stored: Callable[[Context, Any], Awaitable[Iterable[str]]] | None = None,
) -> Saved | list[Saved]:
    """Save what an ingest message holds: its `items` where it has them, else itself."""
    if message.items is None:
        return await save(ctx, message)
    return await save_all(ctx, message.items, save, keys, weight, stored)


async def _keys(
    ctx: Context,
    item: Given,
    keys: Callable[[Given], Iterable[str]],
    stored: Callable[[Context, Given], Awaitable[Iterable[str]]] | None,
) -> set[str]:
    """All that tells which thing an item means."""
    return {*keys(item), *(await stored(ctx, item) if stored is not None else ())}
