"""What stands in the data directory before a start: nothing is made anew, followed, waited for or changed unseen."""

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import ConfigError, ForkedError, NeedleworkError, StorageDamaged, StorageFull
from needlework.bus.messages import Message
from needlework.bus.mounts import check_local, filesystem_of
from needlework.bus.owners import is_alive, lock_server
from needlework.bus.permissions import READ
from needlework.bus.sql import Statement
from needlework.bus.sqlite import migrating, opening
from needlework.bus.sqlite import store as engine
from needlework.bus.sqlite.mark import Mark, read_mark, write_mark
from needlework.bus.sqlite.turnstile import Turnstile
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain, running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio


class Fact(Message[None], topic="t.fact"):
    """Something to keep."""


@subscribe(Fact, runner="r")
async def keep(message: Fact, ctx: Context) -> None:
    """Nothing."""


REGISTRY = kit.registry(keep)


@pytest.fixture(autouse=True)
def swept(tmp_path: Path) -> Iterator[None]:
    """What is damaged here on purpose is not looked at afterwards."""
    yield
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()


def content(directory: Path) -> dict[str, bytes]:
    """Every file with its bytes; a lock's and the shared memory's say nothing."""
    files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    return {path.name: path.read_bytes() for path in files if path.suffix not in (".lock", ".db-shm")}


async def refused(directory: Path, kind: type[NeedleworkError], match: str) -> None:
    """Opening fails with one clear error, and the files are as they were."""
    before = content(directory)
    with pytest.raises(kind, match=match):
        await (await Bus.open(directory, REGISTRY)).stop()
    after = {name: found for name, found in content(directory).items() if found or name in before}
    assert after == before


async def test_p11_a_file_cut_to_nothing_before_the_first_message_is_not_begun_anew(tmp_path: Path) -> None:
    """Story: with tokens and workspaces but no message there was no mark, and an empty database took their place."""
    async with running_bus(REGISTRY, tmp_path):
        pass
    (tmp_path / "needlework.db").write_bytes(b"")
    await refused(tmp_path, StorageDamaged, "is empty, but needlework.db.mark says that there was one")
    (tmp_path / "needlework.db").unlink()
    await refused(tmp_path, StorageDamaged, "is missing, but")


async def test_p11_an_empty_file_of_somebody_else_is_not_filled(tmp_path: Path) -> None:
    (tmp_path / "needlework.db").touch()
    await refused(tmp_path, StorageDamaged, "is empty, but needlework leaves no such file behind")


async def test_p11_a_log_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    """SQLite deletes a -wal that it finds beside an empty file."""
    (tmp_path / "needlework.db-wal").write_bytes(b"acknowledged")
    await refused(tmp_path, StorageDamaged, r"write-ahead log \(-wal\) is there")


@pytest.mark.parametrize("state", ["nothing", "an empty mark", "a mark", "an empty database", "a bare database"])
async def test_a_start_that_was_cut_off_is_simply_begun_again(tmp_path: Path, state: str) -> None:
    """The other side of it: whatever a kill in the first start leaves must never need a repair by hand."""
    if state != "nothing":
        (tmp_path / "needlework.db.mark").touch()
    if state in ("a mark", "an empty database", "a bare database"):
        opening.begin(tmp_path / "needlework.db.mark")
    if state == "an empty database":
        (tmp_path / "needlework.db").touch()
    if state == "a bare database":
        connection = sqlite3.connect(tmp_path / "needlework.db")
        connection.execute("PRAGMA journal_mode = wal")
        connection.close()
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Fact())
        await drain(bus)
    mark = read_mark(tmp_path / "needlework.db.mark")
    assert mark is not None
    assert (mark.made, mark.message) == (True, 1)


async def test_p11_a_revoked_token_does_not_come_back_with_a_deleted_log(tmp_path: Path) -> None:
    """Story: revoked, killed, -wal deleted, started: the token was good again, since no message was missing."""
    live, copy = tmp_path / "live", tmp_path / "copy"
    async with running_bus(REGISTRY, live) as bus:
        _, record = await bus.tokens.create("laptop", frozenset({READ}), None, None, "me")
    async with running_bus(REGISTRY, live) as bus:
        await bus.tokens.revoke(record.id, "me")
        shutil.copytree(live, copy, ignore=shutil.ignore_patterns("*-wal", "*-shm"))  # at the moment of the answer
    await refused(copy, StorageDamaged, "change 1, but message 0, event 0, change 2 were acknowledged")


async def test_the_mark_of_several_processes_only_rises(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    write_mark(path, Mark(5, 1, 3))
    write_mark(path, Mark(4, 9, 2))
    assert read_mark(path) == Mark(5, 9, 3)
    path.write_bytes(b'{"message":7} 12 ')
    assert read_mark(path) is None


def _directory(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    target = path.with_name("precious")
    target.write_text("precious")
    path.symlink_to(target)


@pytest.mark.parametrize(
    "name", ["needlework.db", "needlework.db-wal", "needlework.db-shm", "needlework.db.mark", "epochs"]
)
@pytest.mark.parametrize("make", [_directory, _link, os.mkfifo], ids=["directory", "link", "pipe"])
async def test_what_is_no_plain_file_is_named_and_neither_followed_nor_waited_for(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    if name == "epochs" and make is _directory:
        return  # that is what it is
    make(tmp_path / name)
    await refused(tmp_path, ConfigError, name)
    assert make is not _link or (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("make", [_directory, _link, os.mkfifo], ids=["directory", "link", "pipe"])
def test_a_lock_that_is_no_plain_file_is_named(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "needlework.lock")
    with pytest.raises(ConfigError, match=r"needlework\.lock is a (directory|link|pipe), not a plain file"):
        lock_server(tmp_path)


def test_a_lock_whose_file_is_gone_belongs_to_nobody(tmp_path: Path) -> None:
    assert not is_alive(tmp_path, "e")
    (tmp_path / "epochs").mkdir()
    assert not is_alive(tmp_path, "e")


async def test_another_program_s_database_keeps_its_journal_mode(tmp_path: Path) -> None:
    """Story: it was refused only after its journal had been switched."""
    with sqlite3.connect(tmp_path / "needlework.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    await refused(tmp_path, ConfigError, "another program")


@pytest.mark.parametrize("keep_bytes", [50, 4096, 20_000])
async def test_p11_a_cut_database_is_refused(tmp_path: Path, keep_bytes: int) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Fact())
        await drain(bus)
    os.truncate(tmp_path / "needlework.db", keep_bytes)
    await refused(tmp_path, StorageDamaged, "needlework.db")


async def test_p11_a_delivery_that_fits_no_runner_is_not_passed_over(tmp_path: Path) -> None:
    """A flipped bit that SQLite can't see: the message would wait for ever."""
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        await kit.publish(bus, Fact())
        await bus.store.write([Statement("UPDATE deliveries SET runner = runner + 64")])
    await refused(tmp_path, StorageDamaged, "1 rows of deliveries fit no message or runner")


@pytest.mark.parametrize("change", ["workspaces SET config", "names SET name"])
async def test_p11_text_with_a_flipped_bit_is_told_in_one_line(tmp_path: Path, change: str) -> None:
    """Story: one of 500 damaged places ended the start with a UnicodeDecodeError."""
    async with running_bus(REGISTRY, tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "needlework.db")) as connection, connection:
        connection.execute(f"UPDATE {change} = CAST(x'7bcc20' AS TEXT) WHERE id = 1")
    with pytest.raises(StorageDamaged, match="can't be read"):
        await Bus.open(tmp_path, REGISTRY)


async def test_p11_a_full_disk_at_the_start_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    monkeypatch.setattr(engine, "presize", full)
    with pytest.raises(StorageFull, match="the disk is full; free some space") as caught:
        await Bus.open(tmp_path, REGISTRY)
    assert "\n" not in caught.value.detail


async def test_a_migrated_database_leaves_a_copy_of_itself(tmp_path: Path) -> None:
    groups = tmp_path / "facts" / "migrations"
    groups.mkdir(parents=True)
    data = tmp_path / "data"
    async with running_bus(REGISTRY, data) as bus:
        await kit.publish(bus, Fact())
        await drain(bus)
    assert not list(data.glob("*.before-*"))
    (groups / "0001_more.sql").write_text("CREATE TABLE more (x INTEGER) STRICT;")
    (groups / "0002_broken.sql").write_text("CREATE TABLE odd (x INTEGER) STRICT;\nCREATE TABLE odd (x) STRICT;")
    with pytest.raises(NeedleworkError, match="table odd already exists"):
        await Bus.open(data, REGISTRY, groups=[("facts", groups)])
    (groups / "0002_broken.sql").unlink()
    async with running_bus(REGISTRY, data, groups=[("facts", groups)]) as bus:
        assert await kit.value(bus, "SELECT count(*) FROM more") == 0
    (copy,) = data.glob("*.before-*")
    assert (copy.name, copy.stat().st_mode & 0o777) == ("needlework.db.before-facts-0001_more", 0o600)
    before = sqlite3.connect(copy)
    assert before.execute("SELECT count(*) FROM messages").fetchone() == (1,)
    assert before.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('more', 'odd')").fetchone() == (0,)
    assert before.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    before.close()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "0001_half.sql").write_text("CREATE TABLE half (x INTEGER) STRICT;\nINSERT INTO half VALUES ('text');")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    with pytest.raises(ConfigError, match=r"0001_half\.sql: cannot store TEXT"):
        migrating.migrate(connection, [("g", tmp_path)], 1)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    connection.close()


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /net rw - nfs4 server:/net rw
31 22 0:31 / /srv/with\\040blank rw - fuse.sshfs me@there:/ rw
32 30 0:32 / /net/me/local rw - xfs /dev/sdb1 rw
33 22 0:33 / /tmp rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/data", "ext4"),
        ("/net/me/data", "nfs4"),
        ("/net/me/local/data", "xfs"),
        ("/netw", "ext4"),
        ("/srv/with blank/x", "fuse.sshfs"),
    ],
)
def test_p14_network_file_systems_are_refused_by_name(tmp_path: Path, place: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem_of(Path(place), mounts) == kind
    if kind in ("ext4", "xfs"):
        check_local(Path(place), mounts=mounts)
        return
    with pytest.raises(ConfigError, match=f"network file system .{kind}") as caught:
        check_local(Path(place), mounts=mounts)
    assert "network_file_system = true" in str(caught.value)
    check_local(Path(place), allowed=True, mounts=mounts)
    assert filesystem_of(Path(place), tmp_path / "missing") is None


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
async def test_p14_a_forked_child_hears_that_it_must_not_use_the_bus(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        uses = [kit.publish(bus, Fact()), bus.inspection.latest_event(), bus.stop(0)]
        pid = os.fork()
        if pid == 0:  # the child must neither return into the test nor end pytest
            told = 0
            for use in uses:
                try:
                    use.send(None)
                except ForkedError:
                    told += 1
                except BaseException:
                    os._exit(90)
            os._exit(told)
        for use in uses:
            use.close()
        _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        assert os.waitstatus_to_exitcode(status) == 3
        await kit.publish(bus, Fact())
        await drain(bus)


def test_p14_a_forked_child_does_not_hold_the_locks_of_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys; from needlework.bus.owners import lock_epoch;"
        "from needlework.bus.sqlite.turnstile import Turnstile; path = pathlib.Path(sys.argv[1]);"
        "turnstile = Turnstile(path / 'db'); turnstile.shared = True; turnstile.__enter__();"
        "lock = lock_epoch(path, 'e'); child = os.fork();"
        "child or print(os.getpid(), flush=True); signal.pause()"
    )
    turnstile = Turnstile(tmp_path / "db")
    turnstile.shared = True
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(tmp_path, "e")
        parent.kill()
        parent.wait()
        try:
            assert not is_alive(tmp_path, "e")
            with turnstile:
                pass
        finally:
            turnstile.let_go()
            os.kill(child, signal.SIGKILL)


async def test_p11_a_larger_file_starts_at_once_and_its_damage_ends_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Story: the pages of a file with a million messages were looked through before the start, ten times its length."""
    for module in (opening, engine):
        monkeypatch.setattr(module, "WHOLE", 0)
    failed: list[BaseException | None] = []
    async with running_bus(REGISTRY, tmp_path) as bus:
        rows = [
            Statement("INSERT INTO installation (key, value) VALUES (?, ?)", (f"{n}", "x" * 900)) for n in range(99)
        ]
        await bus.store.write(rows)
    for damaged in (False, True):
        path = tmp_path / "needlework.db"
        if damaged:  # one that no start reads
            size, held = 4096, path.read_bytes()
            pages = [place for place in range(0, len(held), size) if b"x" * 900 in held[place : place + size]]
            place = pages[len(pages) // 2]
            path.write_bytes(held[:place] + b"\xff" * size + held[place + size :])
        bus = await Bus.open(tmp_path, REGISTRY)
        bus.failed = lambda what, error: failed.append(error)
        await bus.start()
        if damaged:
            await kit.until(lambda: failed)
        await bus.stop()
        assert [type(error) for error in failed] == [StorageDamaged] * damaged


async def test_p01_a_log_that_was_written_back_in_part_is_read_with_the_file(tmp_path: Path) -> None:
    """Story: a kill after the first page was written back (others were in the log only) was damage."""
    async with running_bus(REGISTRY, tmp_path / "killed") as bus:
        rows = [
            Statement("INSERT INTO installation (key, value) VALUES (?, ?)", (f"{n}", "x" * 900)) for n in range(99)
        ]
        await bus.store.write(rows)
        for name in ("needlework.db", "needlework.db-wal", "needlework.db.mark"):
            shutil.copy(tmp_path / "killed" / name, tmp_path / name)
    with (tmp_path / "needlework.db").open("r+b") as file:
        file.write((tmp_path / "killed" / "needlework.db").read_bytes()[:4096])
    async with running_bus(REGISTRY, tmp_path) as bus:
        assert await kit.value(bus, "SELECT count(*) FROM installation WHERE value LIKE 'xxx%'") == 99
