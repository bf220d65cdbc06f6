"""One attempt: read the message, call the handler under its time limit, commit what came of it."""

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import (
    Discard,
    GuardFailed,
    LeaseLost,
    NeedleworkError,
    Refuse,
    Retry,
    StorageError,
)
from needlework.bus.messages import Message, Reply
from needlework.bus.processes import HandlerFailed
from needlework.bus.processes import run as run_in_process
from needlework.bus.records import Delivery, Finish
from needlework.bus.redacting import redact_text

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

GUARD_TRIES = 20
"""How often a unit whose guard failed runs again at once before the attempt counts as failed."""
LONGEST_WAIT = 100 * 366 * 86_400 * 1_000_000
"""Microseconds that a handler may ask to be called again after."""
STORAGE_PAUSE = 0.5
"""Seconds between tries to commit a finished attempt while the disk refuses."""


class Unreadable(Exception):
    """A stored message can't be handed to a handler: dead at once, no attempt can help."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Execution:
    """Runs attempts for one bus."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="needlework handler")
        self.stale = 0
        """Finishes that came after the lease was lost."""

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def message_of(self, delivery: Delivery) -> Message[Any]:
        """The delivery's message, decoded from what is stored. Raises Unreadable for a damaged or outdated body."""
        if crc32(delivery.body) != delivery.checksum:
            raise Unreadable("checksum", "the stored message is damaged: its checksum differs")
        try:
            delivery.message = delivery.lane.topic.decode(delivery.body)
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            raise Unreadable("schema", f"the stored message does not fit its topic's type any more: {error}") from error
        delivery.body = b""
        return delivery.message

    def commit(self, finish: Finish, context: Context) -> None:
        """Hand an attempt's end to the store, with what its context collected."""
        if context._next_progress is not None:
            context.flush_progress()
        finish.statements, finish.messages, finish.reports = context.collected()
        self._bus.store.finish(finish)

    async def aside(
        self, function: Callable[..., Any], delivery: Delivery, message: Message[Any], context: Context
    ) -> Any:
        """Run a `def` handler in a thread, or in a process where the topic says so."""
        if delivery.lane.topic.policy.process:
            return await run_in_process(function, message, context)
        carried = copy_context()
        future = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: carried.run(_in_thread, function, message, context)
        )
        broken: asyncio.CancelledError | None = None
        while True:  # a thread can't be stopped: its slot and key stay held until it ends
            try:
                result = await asyncio.shield(future)
            except asyncio.CancelledError as error:
                if future.done():
                    raise
                broken = error
                continue
            if broken is not None:
                raise broken
            return result

    def result(self, delivery: Delivery, result: Any, settled: Callable[[Finish, Exception | None], None]) -> Finish:
        """A handler's return value as the delivery's end. Raises TypeError for what is not JSON."""
        return Finish(delivery, "result", self.encoded(result), settled)

    def encoded(self, result: Any) -> bytes | None:
        """A handler's return value as it is stored. Raises TypeError for what is not JSON."""
        if result is None:
            return None
        if isinstance(result, Reply):
            result = {"$body": result.body, "$headers": result.headers}
        return msgspec.json.encode(result)

    def failure(
        self, delivery: Delivery, error: BaseException, settled: Callable[[Finish, Exception | None], None]
    ) -> Finish:
        """What an exception of a handler means for its delivery; one that can't be stored counts as a failure too."""
        try:
            return self._meaning(delivery, error, settled)
        except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as wrong:
            return self._failed(delivery, wrong, settled)

    def _meaning(
        self, delivery: Delivery, error: BaseException, settled: Callable[[Finish, Exception | None], None]
    ) -> Finish:
        if isinstance(error, Discard):
            return Finish(delivery, "result", msgspec.json.encode({"discarded": error.reason}), settled)
        if isinstance(error, Refuse):
            problem = {"status": error.status, "code": error.code, "detail": error.detail, **error.extra}
            return Finish(delivery, "refused", _problem(problem, error.errors), settled)
        if isinstance(error, NeedleworkError) and 400 <= error.status <= 499 and not isinstance(error, GuardFailed):
            problem = {"status": error.status, "code": error.code, "detail": error.detail}
            return Finish(delivery, "refused", _problem(problem, error.errors), settled)
        if isinstance(error, Unreadable):
            return self._dead(delivery, str(error), settled, error.reason)
        if isinstance(error, Retry):
            return self._retry(delivery, f"Retry: {redact_text(error.reason)}", error.after, settled)
        return self._failed(delivery, error, settled)

    def _failed(
        self, delivery: Delivery, error: BaseException, settled: Callable[[Finish, Exception | None], None]
    ) -> Finish:
        """By the topic's retry policy: it waits again, or is dead."""
        text = describe(error)
        delivery.failures += 1
        if delivery.failures >= delivery.lane.topic.policy.retry.attempts:
            return self._dead(delivery, text, settled, "attempts")
        return self._retry(delivery, text, None, settled)

    def _retry(
        self,
        delivery: Delivery,
        text: str,
        after: float | None,
        settled: Callable[[Finish, Exception | None], None],
    ) -> Finish:
        policy = delivery.lane.topic.policy.retry
        if after is None:
            delay = policy.delay(max(1, delivery.failures), f"{delivery.seq}:{delivery.runner.name}")
        else:
            delay = max(0, round(after * 1_000_000))
            if delay > LONGEST_WAIT:
                raise ValueError(f"Retry(after={after!r}) is more than a century")
        event = {"attempt": delivery.attempt + 1, "error": text.splitlines()[0], "after": delay / 1_000_000}
        finish = Finish(delivery, "retrying", msgspec.json.encode(event), settled)
        finish.error, finish.delay = text, delay
        return finish

    def cancelled(self, delivery: Delivery, by: str, settled: Callable[[Finish, Exception | None], None]) -> Finish:
        """The end of a delivery that `by` cancelled."""
        return Finish(delivery, "cancelled", msgspec.json.encode({"code": "cancelled", "by": by}), settled)

    def broken_off(self, delivery: Delivery) -> Finish:
        """The service stops and the handler does not end in time: it is due again at once and keeps its place."""
        text = "the service stopped while this ran"
        event = {"attempt": delivery.attempt + 1, "error": text, "after": 0.0}
        finish = Finish(delivery, "retrying", msgspec.json.encode(event), lambda finish, error: None)
        finish.error, finish.reason = text, "stopped"
        return finish

    def _dead(
        self, delivery: Delivery, text: str, settled: Callable[[Finish, Exception | None], None], reason: str
    ) -> Finish:
        event = {
            "code": "dead_letter",
            "reason": reason,
            "detail": text.splitlines()[0],
            "attempt": delivery.attempt + 1,
        }
        finish = Finish(delivery, "dead", msgspec.json.encode(event), settled)
        finish.error, finish.reason = text, reason
        return finish

    def settled(self, finish: Finish, error: Exception | None) -> str:
        """What to do after a commit: `done`, `again` (a guard failed), or `wait` (it was sent to the store again)."""
        if error is None:
            return "done"
        if isinstance(error, LeaseLost):
            self.stale += 1
            return "done"
        if isinstance(error, StorageError):
            self._bus.clock.call_later(STORAGE_PAUSE, lambda: self._bus.store.finish(finish))
            return "wait"
        if isinstance(error, GuardFailed):
            return "again"
        self._bus.store.finish(self.failure(finish.delivery, error, finish.settled))
        return "wait"


def _in_thread(function: Callable[..., Any], message: Message[Any], context: Context) -> Any:
    """Call a `def` handler; a future can't carry StopIteration, and its waiter would wait for ever."""
    try:
        return function(message, context)
    except StopIteration as error:
        raise RuntimeError("the handler raised StopIteration") from error


def _problem(problem: dict[str, Any], errors: Any) -> bytes:
    if errors:
        problem["errors"] = list(errors)
    try:
        return msgspec.json.encode(problem)
    except (TypeError, ValueError, msgspec.MsgspecError):
        return msgspec.json.encode({name: str(value) for name, value in problem.items()})


def describe(error: BaseException) -> str:
    """An exception as stored with a dead letter: its own line first, then where it came from."""
    if isinstance(error, HandlerFailed):
        return redact_text(str(error))  # described where it was raised
    try:
        summary = redact_text(f"{type(error).__name__}: {error}"[:10_000])[:2000]
        frames = traceback.extract_tb(error.__traceback__)[-5:]
        where = "".join(f"\n  {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} in {frame.name}" for frame in frames)
    except Exception:  # an exception whose own text fails must not stop the runner
        return type(error).__name__
    return summary.replace("\x00", "�").encode("utf-8", "replace").decode() + where
