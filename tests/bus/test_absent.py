"""A plug-in was taken away: its messages wait, and say so."""

from pathlib import Path

import pytest
from needlework.bus.context import Context
from needlework.bus.errors import Conflict
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio


class Kept(Message[None], topic="kept.topic"):
    """A topic that stays."""


class Gone(Message[None], topic="gone.topic"):
    """A topic whose code is taken away."""


@subscribe(Kept, runner="keeper")
async def keep(message: Kept, ctx: Context) -> None: ...


@subscribe(Gone, runner="leaver")
async def leave(message: Gone, ctx: Context) -> None: ...


async def test_a_message_whose_code_is_gone_waits_and_runs_when_it_is_back(tmp_path: Path) -> None:
    both, one = kit.registry(keep, leave), kit.registry(keep)
    async with running_bus(both, tmp_path) as bus:
        await bus.pause("leaver", "me")
        receipt = await kit.publish(bus, Gone())
    async with running_bus(one, tmp_path) as bus:
        assert bus.depths.orphans() == [("gone.topic", 1)]
        assert (await bus.message(kit.DEFAULT, receipt.id))["state"] == "waiting"
        told = (await bus.explain(kit.DEFAULT, receipt.id))["deliveries"]
        assert [delivery["reason"] for delivery in told] == ["no_live_runner"]
        with pytest.raises(Conflict):
            await bus.cancel(kit.DEFAULT, receipt.id, "me")
    async with running_bus(both, tmp_path) as bus:
        await bus.resume("leaver", "me")
        await drain(bus)
        assert (await bus.message(kit.DEFAULT, receipt.id))["state"] == "done"


async def test_a_run_of_a_paused_runner_is_refused_at_once(tmp_path: Path) -> None:
    async with running_bus(kit.registry(keep), tmp_path) as bus:
        await bus.pause("keeper", "me")
        await kit.publish(bus, Kept())
        with pytest.raises(Conflict, match="paused"):
            await bus.run("keeper", kit.DEFAULT, 10, 5.0)
