"""Damage to the files of a bus that was killed: one bit, one page, one cut; and what the next start makes of it."""

import asyncio
import contextlib
import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from needlework.bus.bus import Bus
from needlework.bus.context import Context
from needlework.bus.errors import NeedleworkError, NotFound
from needlework.bus.messages import Message
from needlework.bus.permissions import READ
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.sql import Statement
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import drain

NAMES = ("needlework.db", "needlework.db-wal", "needlework.db-shm")
WAYS = ("flip", "zero", "cut")
PAGE = 4096
GOOD = frozenset({"refused", "detected while running", "harmless", "dead letter"})


class Plain(Message[None], topic="d.plain"):
    """A message."""

    number: int
    text: str = "x" * 60


class Keyed(Message[None], topic="d.keyed", key=("key",)):
    """One of a key."""

    key: int
    number: int


@subscribe(Plain, runner="damage")
async def plain(message: Plain, context: Context) -> int:
    """The number."""
    return message.number


@subscribe(Keyed, runner="damage")
async def keyed(message: Keyed, context: Context) -> int:
    """The number."""
    return message.number


def registry() -> Registry:
    """Both topics, one runner."""
    common = {"summary": "A topic", "permission": "permissionWorkspacesWrite"}
    topics = {"d.plain": common, "d.keyed": {**common, "order": "key"}}
    return Registry.of(plain, keyed, policies={"topics": topics, "runners": {"damage": {"description": "Damaged"}}})


class Killed:
    """The files as a kill leaves them: some of it done, some waiting, some in the log alone. `make` fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acknowledged: list[str] = []
        self.revoked = ""

    async def make(self, count: int = 40) -> None:
        """Fill `folder`; everything in it was acknowledged and noted."""
        live = self.folder.with_name(self.folder.name + "-live")
        bus = await Bus.open(live, registry())
        await bus.start()
        try:
            text, record = await bus.tokens.create("laptop", frozenset({READ}), None, None, "me")
            await self._publish(bus, count)
            await drain(bus)
            await bus.pause("damage", "me")
            await self._publish(bus, count)
            await bus.store.writer.run(lambda t: None)
            checkpoint = sqlite3.connect(live / NAMES[0])
            checkpoint.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            checkpoint.close()
            await self._publish(bus, count)
            await bus.tokens.revoke(record.id, "me")
            self.revoked = text
            await bus.store.write_mark()
            await bus.store.settled()
            shutil.copytree(live, self.folder, ignore=shutil.ignore_patterns("*.lock"))
        finally:
            await bus.stop(1)
            shutil.rmtree(live)

    async def _publish(self, bus: Bus, count: int) -> None:
        workspace = bus.workspaces.by_name["default"]
        for number in range(count):
            message: Message[Any] = Keyed(key=number % 5, number=number) if number % 2 else Plain(number=number)
            receipt = await bus.publish(Publication(message=message, workspace=workspace))
            self.acknowledged.append(receipt.id)

    async def start_again(self, folder: Path) -> str:
        """What a start on the (damaged) files in `folder` comes to: a word of GOOD, or what is wrong."""
        failures: list[str] = []
        try:
            bus = await Bus.open(folder, registry())
        except NeedleworkError as error:
            return "refused" if error.detail and "\n" not in error.detail else f"BAD: said in lines: {error.detail}"
        except Exception as error:
            return f"BAD: {type(error).__name__} at the start: {error}"
        bus.failed = lambda name, error: failures.append(f"{name}: {error!r}")
        try:
            await bus.start()
            await bus.resume("damage", "me")
            async with asyncio.timeout(10):
                while not failures and await _waiting(bus):  # noqa: ASYNC110 - it asks the database
                    await asyncio.sleep(0)
            return "detected while running" if failures else await self._look(bus)
        except (NeedleworkError, sqlite3.DatabaseError) as error:
            return "detected while running" if failures or _tells(error) else f"BAD: {error!r}"
        except Exception as error:
            return "detected while running" if failures else f"BAD: {error!r} while running"
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(bus.stop(0), 10)

    async def _look(self, bus: Bus) -> str:
        """Nothing that was acknowledged may be missing, and what was revoked stays so."""
        workspace, dead = bus.workspaces.by_name["default"], 0
        for ident in self.acknowledged:
            try:
                state = (await bus.message(workspace, ident))["state"]
            except NotFound:
                return f"BAD: {ident} is lost"
            if state not in ("done", "dead"):
                return f"BAD: {ident} is {state} for ever"
            dead += state == "dead"
        if await bus.tokens.check(self.revoked) is not None:
            return "BAD: the revoked token is good again"
        return "dead letter" if dead else "harmless"


def _tells(error: Exception) -> bool:
    """Whether an error says that the file is damaged: the server answers 503 and ends."""
    return isinstance(error, NeedleworkError) or "malformed" in str(error)


async def _waiting(bus: Bus) -> bool:
    rows = await bus.store.read(
        Statement("SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM parked) AS n", ())
    )
    return bool(rows[0]["n"])


def damage(path: Path, way: str, chance: random.Random) -> str:
    """Do one damage to a file; where it was."""
    content = bytearray(path.read_bytes())
    limit = _used(content) if path.name.endswith("-wal") and chance.random() < 0.7 else len(content)
    place = chance.randrange(limit)
    if way == "flip":
        content[place] ^= 1 << chance.randrange(8)
    elif way == "zero":
        place -= place % PAGE
        content[place : place + PAGE] = bytes(len(content[place : place + PAGE]))
    else:
        del content[place:]
    path.write_bytes(content)
    return f"{way} {path.name} at {place} of {path.stat().st_size}"


def _used(log: bytearray) -> int:
    """The bytes of a write-ahead log that count: it is written over from its start, and never gets shorter."""
    end = 32
    while log[end + 8 : end + 16] == log[16:24]:
        end += 24 + PAGE
    return end
