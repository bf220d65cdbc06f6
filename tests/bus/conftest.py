"""After every test of the bus: no task is left, nothing is owned or in flight, the file is sound."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from needlework.bus.testing import ManualClock

pytest.register_assert_rewrite(
    "needlework.tests.bus.kit", "needlework.tests.bus.conformance", "needlework.tests.bus.conformance_people"
)


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still until the test moves it."""
    return ManualClock()


@pytest.fixture(autouse=True)
async def nothing_is_left(anyio_backend: object, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail a test that leaks a task, a row of `windows` or `owners`, or a damaged file."""
    before = asyncio.all_tasks()
    yield
    for _ in range(5):
        await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if "TestRunner" not in repr(task.get_coro())]
    assert not left, left
    crashes = request.node.get_closest_marker("crashes") is not None
    for path in database_files(tmp_path):
        check_file(path, crashes=crashes)


def database_files(folder: Path) -> list[Path]:
    """The databases of a test."""
    return list(folder.rglob("needlework.db"))


def check_file(path: Path, *, crashes: bool) -> None:
    """The file is sound, and a clean stop left nothing owned or in flight."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if crashes or "windows" not in tables:
            return
        assert connection.execute("SELECT count(*) FROM windows").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM owners").fetchone() == (0,)
    finally:
        connection.close()
