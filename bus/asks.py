"""What only a runner's owner can do, asked of it by a row: a run of the runner, breaking off what is in flight.

The owner answers in the row; who asked removes it. What a dead process asked for is removed by the others.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.errors import Conflict, NeedleworkError, NoResponder
from needlework.bus.runs import RunCount
from needlework.bus.sql import Queries

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

_sql = Queries(Path(__file__).parent / "sqlite" / "processes.sql")
CANCEL_WITHIN = 10.0
"""Seconds that a cancellation waits for the owner; then it is on its way, and nobody knows yet how it ends."""


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked for: a run of at most `n` in a workspace within `seconds`, or the end of message `seq`."""

    workspace: int = 0
    n: int = 0
    seconds: float = 0.0
    seq: int = 0
    by: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it: `ended` deliveries, the counts of a run, or a refusal."""

    ended: int = 0
    counts: RunCount | None = None
    code: str = ""
    detail: str = ""


class Asks:
    """The asks of one process, and its answers to those of others."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._serving: set[int] = set()

    async def run(self, runner: str, workspace: int, n: int, timeout: float) -> RunCount:
        """A run of a runner that another process owns. Raises NoResponder, Conflict as the owner does."""
        if runner not in await self._bus.sharing.owners():
            raise NoResponder(f"no live process runs {runner!r}", retry_after=5)
        order = Order(workspace=workspace, n=n, seconds=timeout)
        place, controls = (runner, workspace), self._bus.controls
        controls.forced = controls.forced | {place}  # so that a tick here sees that it runs
        try:
            answer = await self._ask(runner, "run", order, timeout + CANCEL_WITHIN)
        finally:
            controls.forced = controls.forced - {place}
        if answer is None:
            raise NoResponder(f"the process that runs {runner!r} has not answered", retry_after=5)
        if answer.counts is None:
            conflict = Conflict(answer.detail)
            conflict.code = answer.code
            raise conflict
        return answer.counts

    async def end(self, runners: list[int], seq: int, by: str) -> int:
        """End deliveries of a message that these runners have in flight, here or elsewhere; how many it could."""
        ended = 0
        for number in runners:
            runner = self._bus.store.runners_by_number[number].name
            here = runner in self._bus.dispatcher.queues
            ended += (
                self._bus.dispatcher.revoke(number, seq, by) if here else await self._end_elsewhere(runner, seq, by)
            )
        return ended

    async def _end_elsewhere(self, runner: str, seq: int, by: str) -> int:
        answer = await self._ask(runner, "cancel", Order(seq=seq, by=by), CANCEL_WITHIN)
        return 1 if answer is None else answer.ended

    async def _ask(self, runner: str, kind: str, order: Order, timeout: float) -> Answer | None:
        bus = self._bus
        ident = bus.random.getrandbits(62)
        future = self._waiting[ident] = asyncio.get_running_loop().create_future()
        body = msgspec.json.encode(order).decode()
        number = bus.store.runners[runner].number
        try:
            await bus.store.write([_sql("ask", id=ident, epoch=bus.epoch, runner=number, kind=kind, body=body)])
            await self.look()  # it may be ours by now
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(future, timeout)
            return None
        finally:
            del self._waiting[ident]
            bus.dispatcher.background(self._forget(ident), "an ask")

    async def _forget(self, ident: int) -> None:
        await self._bus.dispatcher.persist(lambda: self._bus.store.write([_sql("forget_ask", id=ident)]))

    async def look(self) -> None:
        """Hand answers to those who wait; serve what is asked of our runners."""
        for row in await self._bus.store.read(_sql("asks")):
            future = self._waiting.get(row["id"])
            if row["answer"] is not None:
                if future is not None and not future.done():
                    future.set_result(msgspec.json.decode(row["answer"], type=Answer))
                continue
            lane = self._bus.store.runners_by_number.get(row["runner"])
            if lane is not None and lane.name in self._bus.dispatcher.queues and row["id"] not in self._serving:
                self._serving.add(row["id"])
                order = msgspec.json.decode(row["body"], type=Order)
                self._bus.dispatcher.background(self._serve(row["id"], lane.name, row["kind"], order), "an ask")

    async def _serve(self, ident: int, runner: str, kind: str, order: Order) -> None:
        try:
            answer = await self._answer(runner, kind, order)
            text = msgspec.json.encode(answer).decode()
            await self._bus.dispatcher.persist(lambda: self._bus.store.write([_sql("answer", id=ident, answer=text)]))
        finally:
            self._serving.discard(ident)

    async def _answer(self, runner: str, kind: str, order: Order) -> Answer:
        bus: Any = self._bus
        try:
            if kind == "run":
                return Answer(counts=await bus.dispatcher.run(runner, order.workspace, order.n, order.seconds))
            ended, in_flight = await bus.store.cancel(order.seq, order.by)
            number = bus.store.runners[runner].number
            return Answer(ended=int(number in in_flight and bus.dispatcher.revoke(number, order.seq, order.by)) + ended)
        except NeedleworkError as error:
            return Answer(code=error.code, detail=error.detail)
