"""What the tour needs: time that stands still until it is moved, and a check that nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from needlework.bus.testing import ManualClock
from needlework.bus.workspaces import Workspace


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest.fixture
def here() -> Workspace:
    """The workspace that every installation has."""
    return Workspace(1, "default")


@pytest.fixture(autouse=True)
async def no_task_is_left(anyio_backend: object) -> AsyncIterator[None]:
    """Fail a test that leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if "TestRunner" not in repr(task.get_coro())]
    assert not left, left
