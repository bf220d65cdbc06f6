"""Request and reply: publish and wait for the outcome, wherever its runner lives; queries, which run at once."""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.bus.errors import NotFound
from needlework.bus.events import outcome_of
from needlework.bus.messages import Message
from needlework.bus.records import Delivery, Outcome, Publication, Receipt
from needlework.bus.workspaces import Workspace

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

PATIENCE = 2.0
"""Seconds that a caller waits where no living process runs the replying runner: one may just be starting again."""
_ENCODE = msgspec.json.Encoder().encode


async def request(bus: "Bus", publication: Publication, timeout: float) -> tuple[Receipt, Outcome | None]:
    """Publish and wait for the reply; None where none came in time."""
    replier = bus.registry.topic_of(publication.message).replier
    publication.waited = True
    receipt = await bus.publish(publication)
    if replier is None:
        return receipt, None
    runner = bus.store.runners[replier].number
    expected = bus.hub.expect(receipt.seq, runner)  # before anything is awaited: the outcome can't slip by
    try:
        row: Any = None
        here = replier in bus.dispatcher.queues
        if receipt.deduplicated or not here:  # it may have ended before we expected it
            row = await bus.inspection.outcome(receipt.seq, runner)
        if row is None:
            row = await (
                asyncio.wait_for(expected, timeout) if here else _from_elsewhere(bus, replier, expected, timeout)
            )
        return receipt, outcome_of(row)
    except TimeoutError:
        return receipt, None
    finally:
        bus.hub.forget(receipt.seq, runner, expected)


async def _from_elsewhere(bus: "Bus", replier: str, expected: "asyncio.Future[Any]", timeout: float) -> Any:
    """The reply of another process. Raises TimeoutError, soon where nobody alive runs the runner."""
    soon = min(PATIENCE, timeout)
    done, _ = await asyncio.wait({expected}, timeout=soon)
    if not done and replier not in bus.dispatcher.queues and replier not in await bus.sharing.owners():
        raise TimeoutError
    return await asyncio.wait_for(expected, timeout - soon)


async def query(bus: "Bus", message: Message[Any], workspace: Workspace, principal: str) -> Any:
    """Ask a query topic; its handler runs inline, in whatever process it is asked."""
    topic = bus.registry.topic_of(message)
    if not topic.policy.query:
        raise NotFound(f"topic {topic.name!r} is not a query: publish it")
    subscription = topic.subscriptions[0]
    now = bus.clock.now()
    lane = bus.store.topics[topic.name]
    delivery = Delivery(bus.store.runners[subscription.runner], lane, 0, workspace.id, 0, now, now)
    delivery.head = _ENCODE({"principal": principal}).decode()
    context = Context(bus, delivery)
    context.closed = True  # a query only reads
    async with asyncio.timeout(topic.timeout / SECOND):
        return await subscription.function(message, context)
