"""Handlers that wait for nothing: called one after the other without a task of their own, acknowledged together.

Most attempts of a busy runner return at their first step. They are called here directly, and a stretch of them is
one unit of the writer. What needs more (it waits, fails, or collected effects) goes on as a `Begun` attempt.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import TYPE_CHECKING, Any

from needlework.bus.context import Context
from needlework.bus.records import Completions, Delivery
from needlework.bus.tracing import matters

if TYPE_CHECKING:
    from needlework.bus.slots import Worker
    from needlework.bus.workers import RunnerQueue

STRETCH = 32
"""Attempts after which the rest of the event loop has its turn."""


class Begun:
    """A delivery that needs the ordinary way; `waiting` is the rest of its handler where that was called already."""

    __slots__ = ("context", "delivery", "waiting")

    def __init__(
        self, delivery: Delivery, context: Context | None = None, waiting: Awaitable[Any] | None = None
    ) -> None:
        self.delivery, self.context, self.waiting = delivery, context, waiting


def run_straight(queue: "RunnerQueue", worker: "Worker") -> tuple[int, Begun | None]:
    """Run ready deliveries as long as their handlers wait for nothing: how many, and the one that needs more."""
    bus, calls, task = queue.dispatcher.bus, queue.calls, worker.task
    execution = queue.dispatcher.execution
    ends: list[tuple[Delivery, bytes | None, bytes | None]] = []
    begun: Begun | None = None
    calm = queue.dispatcher.open_for(queue) and queue.dispatcher.calm  # nothing changes that while nobody waits
    watched = bus.encoder.telemetry is not None
    while len(ends) < STRETCH and (delivery := queue.next(calm)) is not None:
        call = calls[delivery.lane.name]
        if not call.direct or delivery.suspicion or watched or matters(delivery.head):
            begun = Begun(delivery)
            break
        delivery.started = True
        context = Context(bus, delivery)
        context.straight = True
        try:
            handler: Coroutine[Any, Any, Any] = call.function(
                delivery.message or execution.message_of(delivery), context
            )
            try:
                begun = Begun(delivery, context, _resume(handler, handler.send(None)))
                context.leave_straight()
                break
            except StopIteration as returned:
                if _needs_more(delivery, context) or (task and task.cancelling()):
                    begun = Begun(delivery, context, _return(returned.value))
                    break
                ends.append((delivery, context.kept_report, execution.encoded(returned.value)))
        except BaseException as error:  # as from any other attempt
            begun = Begun(delivery, context, _raise(error))
            break
        context.closed = True
    if ends:
        bus.store.finish(Completions(ends, queue.completed))
    return len(ends), begun


def _needs_more(delivery: Delivery, context: Context) -> bool:
    """Whether its end is more than a row that goes and a result that stays."""
    return not context.untouched or delivery.batch is not None or delivery.moved or delivery.attempt > 0


@coroutine
def _resume(handler: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine whose first step was taken: it yielded `waits_for`."""
    step: Callable[[Any], Any]
    value: Any
    while True:
        try:
            sent = yield waits_for
        except GeneratorExit:
            handler.close()
            raise
        except BaseException as error:
            step, value = handler.throw, error
        else:
            step, value = handler.send, sent
        try:
            waits_for = step(value)
        except StopIteration as returned:
            return returned.value


async def _raise(error: BaseException) -> None:
    raise error


async def _return(result: Any) -> Any:
    return result
