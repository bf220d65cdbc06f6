"""`@subscribe`: a handler says which messages it takes, for which runner."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from needlework.bus.messages import Message

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Subscription(msgspec.Struct, frozen=True, eq=False):
    """One handler: the messages it takes, the runner it belongs to, the function."""

    message: type[Message[Any]]
    runner: str
    function: Callable[..., Any]
    is_async: bool

    @property
    def topic(self) -> str:
        topic = self.message.__topic__
        assert topic is not None  # subscribe() refuses messages without one
        return topic


def subscribe(message: type[Message[Any]], *, runner: str) -> Callable[[Handler], Handler]:
    """Mark a function as handler of `message` for `runner`; a function may carry several such marks.

    `async def` runs in the loop, `def` in a thread, or by the topic's policy in a process. The registry finds
    the marks when it loads the module; nothing is registered globally. Raises TypeError for what can't work.
    """
    if message.__topic__ is None:
        raise TypeError(f'{message.__name__} has no topic: class {message.__name__}(Message[…], topic="…")')

    def mark(function: Handler) -> Handler:
        marks = [
            *getattr(function, "__subscriptions__", ()),
            Subscription(message, runner, function, inspect.iscoroutinefunction(function)),
        ]
        function.__subscriptions__ = marks  # type: ignore[attr-defined]
        return function

    return mark
