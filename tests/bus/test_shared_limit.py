"""Two runners under one limit: their deliveries of one message are equal in priority, due time and number."""

from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio
RAN: list[str] = []


class Both(Message[None], topic="both.take"):
    """A message that two runners take."""

    n: int


@subscribe(Both, runner="left")
async def left(message: Both, ctx: Context) -> None:
    await ctx.log("here")
    RAN.append("left")


@subscribe(Both, runner="right")
async def right(message: Both, ctx: Context) -> None:
    await ctx.log("here")
    RAN.append("right")


async def test_two_runners_under_one_limit_do_all_their_work(tmp_path: Path) -> None:
    RAN.clear()
    registry = kit.registry(left, right, limits={"one": {"concurrency": 1}}, both__take={"limits": ["one"]})
    async with running_bus(registry, tmp_path) as bus:
        for n in range(6):
            await kit.publish(bus, Both(n=n))
        await drain(bus)
        assert sorted(RAN) == ["left"] * 6 + ["right"] * 6
