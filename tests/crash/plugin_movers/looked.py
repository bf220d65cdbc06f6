"""A plug-in that compares the needle movers that its process holds in memory with what it reads anew."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.handlers.needle_movers import index
from needlework.handlers.needle_movers.crowd import Crowd
from needlework.tests.handlers.needle_movers.kit import shown

_lines = os.open(Path(os.environ["FLEET"]) / "looked.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
QUERY = ("export", "csv", "invoice", "login", "slow")


class LookAll(Message[None], topic="looked.all"):
    """Each runner looks where it runs."""

    number: int


class LookHere(Message[bool], topic="looked.here"):
    """Look where the question is answered."""

    number: int


@subscribe(LookAll, runner="looked_1")
@subscribe(LookAll, runner="looked_2")
@subscribe(LookAll, runner="looked_3")
@subscribe(LookAll, runner="looked_4")
@subscribe(LookAll, runner="looked_5")
@subscribe(LookAll, runner="looked_6")
async def look_all(message: LookAll, ctx: Context) -> None:
    await look(ctx, message.number)


@subscribe(LookHere, runner="looked_1")
async def look_here(message: LookHere, ctx: Context) -> bool:
    return await look(ctx, message.number)


async def look(ctx: Context, number: int) -> bool:
    """One line: whether both are the same, as of the same change."""
    newest = Statement(
        "SELECT coalesce(max(changed), -1) FROM needle_movers WHERE workspace_id = ?", (ctx.workspace.id,)
    )
    while True:
        anew = index._Kept()
        await index._bring_up_to_date(ctx, anew)
        await index.load(ctx)
        kept = index._of(ctx)
        async with kept.reading:
            if {kept.changed, anew.changed} == {await ctx.db.value(newest)}:  # else one is ahead of the other
                break
    wrong = differences(kept.crowd, anew.crowd)
    told = {
        "number": number,
        "pid": os.getpid(),
        "movers": len(kept.crowd),
        "changed": kept.changed,
        "wrong": wrong[:5],
    }
    os.write(_lines, json.dumps(told).encode() + b"\n")
    return not wrong


def differences(kept: Crowd, anew: Crowd) -> list[str]:
    """What a verdict could see: the movers, and how near each is to some directions and words."""
    one, other = shown(kept), shown(anew)
    wrong = [f"mover {id_}" for id_ in one.keys() | other.keys() if one.get(id_) != other.get(id_)]
    if wrong or not one:
        return wrong
    dim = anew.middles().shape[1]
    for seed in range(4):
        vector = np.random.default_rng(seed).standard_normal(dim).astype(np.float32)
        vector /= np.linalg.norm(vector)
        scores = [scores_of(crowd, vector) for crowd in (kept, anew)]
        wrong += [f"score of {id_}" for id_ in one if not np.allclose(scores[0][id_], scores[1][id_], atol=1e-4)]
    return wrong


def scores_of(crowd: Crowd, vector: Any) -> dict[str, tuple[float, float]]:
    near, words = crowd.near(vector, ""), crowd.lexical(QUERY, crowd.left_out(()))
    return {each.id: (float(near[place]), float(words[place])) for place, each in crowd.placed()}
