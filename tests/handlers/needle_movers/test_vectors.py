"""The vectors of spans in memory are those of the database, however many ask for them at once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from needlework.handlers.needle_movers import index, reprocess, vectors
from needlework.handlers.needle_movers.match_messages import ReprocessNeedleMovers
from needlework.handlers.needle_movers.messages import PurgeNeedleMovers
from needlework.tests.handlers.needle_movers.kit import EXPORTS, Desk

pytestmark = pytest.mark.anyio


class Rows:
    """Answers as the database does, one moment later: the vector of span `7` is four sevens."""

    def __init__(self) -> None:
        self.asked = 0

    async def all(self, statement: Any) -> list[dict[str, Any]]:
        self.asked += 1
        await asyncio.sleep(0)
        ids = msgspec.json.decode(statement.params["ids"])
        return [{"id": id_, "vector": np.full(4, int(id_), dtype=np.float32).tobytes()} for id_ in ids if id_ != "gone"]


class Bus:
    """Whose vectors they are."""


@pytest.fixture
def ctx() -> Any:
    return SimpleNamespace(bus=Bus(), db=Rows(), workspace=SimpleNamespace(id=1))


def names(first: int, count: int) -> list[str]:
    return [str(number) for number in range(first, first + count)]


async def right(ctx: Any, spans: list[str]) -> None:
    """Each span that is there comes with its own vector."""
    found, places = await vectors.of_spans(ctx, spans)
    assert sorted(found) == sorted(span for span in spans if span != "gone")
    assert places.tolist() == [[float(span)] * 4 for span in found]


async def test_spans_that_two_tasks_missed_at_once_keep_their_own_vectors(ctx: Any) -> None:
    """What was put a second time took one row for all: near spans were far, and others were matched for them."""
    await asyncio.gather(right(ctx, names(0, 6)), right(ctx, [*names(0, 6), "gone"]))
    await right(ctx, names(0, 6))
    await right(ctx, names(4, 6))
    assert ctx.db.asked == 3


async def test_spans_that_others_push_out_meanwhile_are_found_all_the_same(
    ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "MOST", 4)
    await right(ctx, ["1", "2"])
    await asyncio.gather(right(ctx, names(10, 4)), right(ctx, names(1, 3)), right(ctx, names(20, 4)))
    await right(ctx, names(1, 6))
    await right(ctx, [])


async def test_a_job_takes_its_turn_with_each_span(desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the matching of what comes in, one of the two would begin each span anew."""
    for account, text in EXPORTS:
        await say(account, text)
    await desk(PurgeNeedleMovers())
    consider, keep, steps = reprocess.consider, reprocess._Work.keep, []

    async def considering(ctx: Any, *given: Any) -> Any:
        steps.append(("considered", index._of(ctx).turn.locked()))
        return await consider(ctx, *given)

    async def keeping(work: Any) -> None:
        if steps and steps[-1][0] == "considered":
            steps.append(("kept", index._of(work._ctx).turn.locked()))
        await keep(work)

    monkeypatch.setattr(reprocess, "consider", considering)
    monkeypatch.setattr(reprocess._Work, "keep", keeping)
    await desk(ReprocessNeedleMovers(from_=1_767_000_000, until=desk.clock.now() // 1_000_000 + 60))
    assert steps[:2] == [("considered", True), ("kept", True)]
    assert all(held for _, held in steps)
