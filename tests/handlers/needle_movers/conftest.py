"""A desk with a few accounts, and a short way to have somebody say something."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from needlework.bus.clock import rfc3339
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.needle_movers.messages import NeedleMoverCandidate
from needlework.handlers.times import DAY

Say = Callable[..., Awaitable[str]]
MRR = {"acme": 4000.0, "blue": 1200.0, "cato": 300.0}


@pytest.fixture
async def say(desk: Any) -> Say:
    """`await say("acme", "The export fails.")`: a conversation of that account, analysed, matched, measured."""
    numbers = iter(range(1000))
    await desk(
        IngestAccount(
            items=[
                IngestAccount(id=f"acct_{name}", name=name, domains=[f"{name}.test"], mrr=mrr)
                for name, mrr in MRR.items()
            ]
        )
    )

    async def say(account: str, *texts: str, ago: int = 0, id: str | None = None, match: bool = True) -> str:
        conversation = id or f"conv_{next(numbers)}"
        at = rfc3339(desk.clock.now() - ago * DAY)
        said = [
            MessageInput(text=text, sender=f"someone@{account}.test", sent_at=at, external_id=str(number))
            for number, text in enumerate(texts)
        ]
        await desk(IngestConversation(id=conversation, messages=said))
        await desk.drain()
        if match:
            await desk.publish(NeedleMoverCandidate(entity_type="conversation", entity_id=conversation))
            await desk.drain()
        return conversation

    return say
