"""Several buses on one file: none gives up another's locks, and what one leaves undone another does."""

import asyncio
import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.owners import is_alive, living, lock_epoch
from needlework.bus.sqlite import connections, opening, shared
from needlework.bus.sqlite.connections import frames_to_checkpoint
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import running_bus
from needlework.tests.bus import kit

pytestmark = pytest.mark.anyio
HOLDER = (
    "import sys, pathlib; from needlework.bus.owners import lock_epoch;"
    "lock = lock_epoch(pathlib.Path(sys.argv[1]), 'e'); print('held', flush=True); sys.stdin.read()"
)


class Fact(Message[None], topic="t.fact"):
    """Something to keep."""

    text: str = ""


@subscribe(Fact, runner="r")
async def keep(message: Fact, ctx: Context) -> None:
    """Nothing."""


REGISTRY = kit.registry(keep)


def locks(directory: Path) -> list[tuple[str, ...]]:
    """This process's lasting locks on the database and on the index of its log, as the kernel lists them.

    Those of a transaction that is under way, the ack of what was published among them, come and go.
    """
    files = {f":{(directory / name).stat().st_ino}" for name in ("needlework.db", "needlework.db-shm")}
    found = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    mine = [words for words in found if words[1] == "POSIX" and words[4] == str(os.getpid())]
    mine = [words for words in mine if not 120 <= int(words[6]) < 128]  # sqlite.org/walformat.html
    return sorted(tuple(words[3:]) for words in mine if any(words[5].endswith(inode) for inode in files))


async def test_p11_a_second_bus_in_a_process_gives_up_no_lock_of_the_first(tmp_path: Path) -> None:
    """Its look at the file's header, and its look at the log's length, closed descriptors of their own, and the kernel
    gives up all locks of a process on a file with the first descriptor that it closes."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        await kit.publish(bus, Fact())
        frames_to_checkpoint(bus.store.path)
        before = locks(tmp_path)
        assert len(before) >= 2, "SQLite holds them for as long as a connection is open"
        second = await Bus.open(tmp_path, REGISTRY)
        assert locks(tmp_path) == before
        frames_to_checkpoint(second.store.path)
        await second.stop()
        assert locks(tmp_path) == before


async def test_the_pages_are_looked_through_by_the_first_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    check = opening._check_pages

    def noted(connection: Any, path: Path) -> None:
        looked.append(path)
        check(connection, path)

    monkeypatch.setattr(opening, "_check_pages", noted)
    for _ in range(2):  # the second time there is something to look at
        async with running_bus(REGISTRY, tmp_path):
            await (await Bus.open(tmp_path, REGISTRY)).stop()
    assert len(looked) == 1


async def test_p14_a_stopped_process_that_keeps_the_lock_does_not_let_the_log_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (connections, shared):
        monkeypatch.setattr(module, "CHECKPOINT_PAGES", 40)
    async with running_bus(REGISTRY, tmp_path, runners=[]) as elected:
        elected.neighbours.stop()  # as SIGSTOP does: it looks at nothing, and writes nothing
        elected.maintenance.stop()
        second = await Bus.open(tmp_path, REGISTRY)
        assert (elected.duties.checkpoints, second.duties.checkpoints) == (True, False)
        await asyncio.gather(*(kit.publish(second, Fact("x" * 5000)) for _ in range(200)))
        assert frames_to_checkpoint(second.store.path) > 200
        await kit.until(lambda: frames_to_checkpoint(second.store.path) == 0)
        assert not second.duties.checkpoints
        await second.stop()


async def test_p04_a_lock_file_that_is_deleted_by_hand_hands_no_runner_to_another(tmp_path: Path) -> None:
    """Its runners were taken over, and ran twice, since a missing file was taken for a dead process."""
    async with running_bus(REGISTRY, tmp_path) as bus:
        second = await Bus.open(tmp_path, REGISTRY)
        bus.epoch_lock.path.unlink()
        assert is_alive(tmp_path, bus.epoch)
        await second.attach("worker")
        assert second.dispatcher.queues == {}
        await kit.until(lambda: bus.epoch_lock.path.exists())
        await kit.until(lambda: second.neighbours.others == {bus.epoch})
        await kit.publish(second, Fact())
        await second.stop()
    assert not living(tmp_path)


def test_p04_a_stopped_process_lives_without_its_file_and_a_killed_one_does_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        (tmp_path / "epochs" / "e.lock").unlink()
        assert is_alive(tmp_path, "e")
        other.kill()
        other.wait()
        assert not is_alive(tmp_path, "e")


def test_a_folder_of_locks_that_is_deleted_is_made_again(tmp_path: Path) -> None:
    lock = lock_epoch(tmp_path, "e")
    assert not lock.restore()
    lock.path.unlink()
    lock.path.parent.rmdir()
    assert lock.restore()
    assert living(tmp_path) == {"e"}
    lock.release(remove=True)
    assert not is_alive(tmp_path, "e")


def test_p11_a_lock_file_that_can_not_be_removed_ends_no_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Story: an error of the disk at the last call of a stop was a traceback, after all was done."""
    lock = lock_epoch(tmp_path, "e")

    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    lock.release(remove=True)
    assert not is_alive(tmp_path, "e")
