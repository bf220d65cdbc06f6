"""The SQLite engine keeps what every store must keep, on a thread of its own and inline."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from needlework.bus.sqlite import opening
from needlework.bus.testing import ManualClock
from needlework.tests.bus.conformance import StoreConformance
from needlework.tests.bus.conformance_people import PeopleConformance
from needlework.tests.bus.desk import Desk

pytestmark = pytest.mark.anyio


class TestSqliteStore(StoreConformance, PeopleConformance):
    """The conformance suite on SQLite."""

    @pytest.fixture(params=["thread", "inline"])
    async def desk(
        self, request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[Desk]:
        """A store that owns its runners."""
        monkeypatch.setattr(opening, "WAL_PRESIZE", 4096)
        desk = Desk(tmp_path, clock, inline=request.param == "inline")
        await desk.open()
        await desk.own()
        yield desk
        await desk.stop()
