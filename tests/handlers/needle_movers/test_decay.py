"""Impacts fall from day to day without anybody asking: the workspace's tick has them measured, once a day."""

from typing import Any

import pytest
from needlework.handlers.needle_movers.messages import ListNeedleMovers
from needlework.handlers.system.messages import TickWorkspace
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any


async def ticked(desk: Desk) -> list[str]:
    """What one tick queues, all done."""
    batch = (await desk(TickWorkspace()))["batch_id"]
    await desk.drain()
    if batch is None:
        return []
    return [each["topic"] for each in (await desk.bus.messages(desk.workspace, batch=batch))["items"]]


async def impact(desk: Desk) -> int:
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    return int(mover["impact"])


async def test_an_impact_falls_by_itself_and_is_measured_once_a_day(desk: Desk, say: Any) -> None:
    for account, text in EXPORTS:
        await say(account, text)
    desk.clock.advance(20)  # they are measured by the accounts that came before them
    await desk.drain()
    before = await impact(desk)
    assert await ticked(desk) == []
    found = []
    for _ in range(3):
        desk.clock.step(10 * 86_400 - 60)
        desk.clock.advance(60)
        assert [await ticked(desk) for _ in range(2)] == [["needle_movers.decay"], []]
        found.append(await impact(desk))
    assert before > found[0] > found[1] > found[2]


async def test_the_day_turns_in_the_workspace_s_time_zone(desk: Desk, say: Any) -> None:
    """The clock begins at midnight UTC: in Tokyo it is nine, and the next day comes fifteen hours later."""
    await desk.bus.workspaces.set_config(desk.workspace, {"timezone": "Asia/Tokyo"}, "test")
    for account, text in EXPORTS:
        await say(account, text)
    desk.clock.step(14.9 * 3600 - 60)
    desk.clock.advance(60)
    assert await ticked(desk) == []
    desk.clock.advance(600)
    assert await ticked(desk) == ["needle_movers.decay"]
