"""Messages: typed, frozen records; one class a topic.

    class RefreshNeedleMover(Message[NeedleMover], topic="needle_movers.refresh", key=("id",)):
        id: str
        impact: bool = False

On the wire a publish carries two objects, `key` and `data`; both fill the one flat record, and the fields
named in `key=(…)` say what the message is about (ordering, coalescing, deduplication).
"""

import re
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform, get_args

import msgspec
from msgspec import StructMeta

Result = TypeVar("Result", covariant=True)
_TOPIC = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class MessageMeta(StructMeta):
    """Lets a message class carry `topic` and `key`, which plain msgspec refuses as class keywords."""

    __topic__: str | None
    __key__: tuple[str, ...]

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        topic: str | None = None,
        key: tuple[str, ...] = (),
        **settings: Any,
    ) -> Any:
        settings.setdefault("frozen", True)
        settings.setdefault("forbid_unknown_fields", True)
        made = super().__new__(mcls, name, bases, namespace, **settings)
        if topic is not None:
            if not _TOPIC.fullmatch(topic):
                raise TypeError(f"{name}: topic {topic!r} is not lower-case words joined by dots")
            unknown = [field for field in key if field not in made.__struct_fields__]
            if unknown:
                raise TypeError(f"{name}: key names {unknown[0]!r}, which is not a field of it")
        made.__topic__ = topic
        made.__key__ = tuple(key)
        return made


class Message(msgspec.Struct, Generic[Result], metaclass=MessageMeta):
    """Base of all messages. The type argument is what its handler returns (`Message[None]` for nothing)."""

    __topic__: ClassVar[str | None]
    __key__: ClassVar[tuple[str, ...]]


class Reply(msgspec.Struct, frozen=True):
    """A handler's result with response headers, where the wire format fixes the body."""

    body: Any
    headers: dict[str, str] = {}


def reply_type(message_type: type[Message[Any]]) -> Any:
    """What a handler of `message_type` returns: the type argument of its `Message[…]` base, else Any."""
    for base in getattr(message_type, "__orig_bases__", ()):
        arguments = get_args(base)
        if arguments and not isinstance(arguments[0], TypeVar):
            return arguments[0]
    return Any
