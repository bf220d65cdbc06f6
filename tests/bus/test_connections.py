"""Each connection is what the promises need, and says so where it is not."""

import sqlite3
from pathlib import Path

import pytest
from needlework.bus.sql import Statement
from needlework.bus.sqlite import connections, opening
from needlework.bus.sqlite.connections import CHECKPOINT_PAGES, prepare_writer
from needlework.bus.testing import running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio
PRAGMAS = ("foreign_keys", "busy_timeout", "synchronous", "wal_autocheckpoint", "query_only", "mmap_size")


def settings(connection: sqlite3.Connection) -> dict[str, object]:
    """What the connection says of itself."""
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}


async def test_p1_one_connection_writes_and_checkpoints_and_the_others_only_read(tmp_path: Path) -> None:
    async with running_bus(kit.registry(), tmp_path, durability="power") as bus:
        channels = bus.store.readers._channels
        assert len(channels) > 1
        writing = await bus.store.writer.run(lambda transaction: settings(transaction.connection))
        assert (writing["synchronous"], writing["wal_autocheckpoint"]) == (2, CHECKPOINT_PAGES)
        assert (writing["foreign_keys"], writing["query_only"], writing["mmap_size"]) == (1, 0, 0)
        for channel in channels:
            reading = await channel.run(settings)
            assert (reading["query_only"], reading["wal_autocheckpoint"], reading["mmap_size"]) == (1, 0, 0)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                await channel.run(lambda connection: connection.execute("DELETE FROM messages"))


async def test_p1_a_connection_that_silently_differs_is_refused(tmp_path: Path) -> None:
    class Deaf(sqlite3.Connection):
        """Takes a PRAGMA and does not obey."""

        def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
            return super().execute(sql.replace("= 2", "= 1"), parameters)  # type: ignore[arg-type]

    connection = sqlite3.connect(tmp_path / "db", factory=Deaf)
    with pytest.raises(sqlite3.OperationalError, match="synchronous is 1, wanted 2"):
        prepare_writer(connection, "power", True)
    connection.close()


async def test_a_log_that_a_long_reader_let_grow_gives_the_disk_back_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It kept its size until the server stopped, gigabytes after one slow copy."""
    monkeypatch.setattr(connections, "LOG_KEPT", 128 * 1024)
    monkeypatch.setattr(opening, "WAL_PRESIZE", 4096)
    log = tmp_path / "needlework.db-wal"
    async with running_bus(kit.registry(), tmp_path) as bus:
        reader = sqlite3.connect(tmp_path / "needlework.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        for number in range(20):
            text = f"INSERT INTO installation (key, value) VALUES ('large{number}', hex(zeroblob(20000)))"
            await bus.store.write([Statement(text)])
        assert log.stat().st_size > 512 * 1024
        reader.execute("ROLLBACK")
        reader.execute("PRAGMA wal_checkpoint(PASSIVE)")
        reader.close()
        await bus.store.write([Statement("INSERT INTO installation (key, value) VALUES ('small', 'x')")])
        assert log.stat().st_size <= 128 * 1024
