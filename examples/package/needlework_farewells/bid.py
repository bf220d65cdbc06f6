"""Bid somebody farewell."""

from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe


class Bid(Message[str], topic="farewells.bid"):
    """Bid somebody farewell."""

    name: str


@subscribe(Bid, runner="farewells")
async def bid(message: Bid, ctx: Context) -> str:
    """The words."""
    return f"Farewell, {message.name}!"
