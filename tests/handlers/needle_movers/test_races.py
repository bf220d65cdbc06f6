"""What two do at the same time to needle movers: whoever comes second sees what the first has done."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from needlework.bus.clock import rfc3339
from needlework.bus.sql import Statement
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.messages import (
    CreateNeedleMover,
    DecideEvidence,
    MergeNeedleMovers,
    PurgeNeedleMovers,
)
from needlework.tests.handlers.needle_movers.kit import Desk, emerged, evidence

pytestmark = pytest.mark.anyio
Between = Callable[[str, Callable[[], Awaitable[Any]]], None]

ASTRAY = """
SELECT (SELECT count(*) FROM needle_mover_spans AS s JOIN needle_movers AS m ON m.id = s.mover_id
        WHERE m.purge_id IS NOT NULL OR m.merged_into IS NOT NULL),
       (SELECT count(*) FROM needle_mover_evidence AS e JOIN needle_movers AS m ON m.id = e.needle_mover_id
        WHERE m.merged_into IS NOT NULL OR e.updated_at > m.purged_at)
"""
"""Spans of movers that are gone, and evidence that came to one after it went."""


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Do something after a handler has read this mover and before it writes, once."""
    find = store.find_standing

    def once(mover: str, act: Callable[[], Awaitable[Any]]) -> None:
        async def read(ctx: Any, id: str) -> Any:
            row = await find(ctx, id)
            if id == mover:
                monkeypatch.setattr(store, "find_standing", find)
                await act()
            return row

        monkeypatch.setattr(store, "find_standing", read)

    return once


async def astray(desk: Desk) -> tuple[int, int]:
    await desk.drain()
    (row,) = await desk.bus.store.read(Statement(ASTRAY, ()))
    return tuple(row)


@pytest.mark.parametrize("state", ["linked", "rejected"])
async def test_nothing_is_linked_to_a_mover_that_is_purged_while_a_person_decides(
    desk: Desk, say: Any, between: Between, state: Any
) -> None:
    """The decision gave the span to the mover that had just gone: matching never asked for it again."""
    found = await emerged(desk, say)
    first = (await evidence(desk, found["id"]))[0]

    async def purge() -> None:
        desk.clock.advance(1)
        await desk(PurgeNeedleMovers())
        desk.clock.advance(1)

    between(found["id"], purge)
    late = DecideEvidence(id=found["id"], evidence_id=first["id"], state=state)
    assert await desk.refusal(late) == (404, "not_found")
    assert await astray(desk) == (0, 0)


@pytest.mark.parametrize("purged", [True, False])
async def test_nothing_is_moved_to_a_mover_that_is_gone_while_another_is_merged_into_it(
    desk: Desk, say: Any, between: Between, purged: bool
) -> None:
    found = await emerged(desk, say)
    desk.clock.advance(60)
    since = rfc3339(desk.clock.now())
    target, third = [await desk(CreateNeedleMover(title=title, kind="issue")) for title in ("CSV exports", "Exports")]

    async def go() -> None:
        desk.clock.advance(1)
        if purged:
            range_ = {"from_": since, "until": rfc3339(desk.clock.now())}
            await desk(PurgeNeedleMovers(**range_, include_user_created=True))
        else:
            await desk(MergeNeedleMovers(id=target["id"], into=third["id"]))
        desk.clock.advance(1)

    between(target["id"], go)
    refused = await desk.refusal(MergeNeedleMovers(id=found["id"], into=target["id"]))
    assert refused == ((404, "not_found") if purged else (409, "merged"))
    assert await astray(desk) == (0, 0)
