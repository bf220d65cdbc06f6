"""One readable line in the log for work on many things."""

from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.sql import Statement


def account(ctx: Context, message: Message[Any], detail: str) -> Statement:
    """The line that says who did what to which, to commit with the result: its target is what was chosen."""
    asked: dict[str, Any] = msgspec.to_builtins(message)
    chosen = {name: value for name, value in asked.items() if value not in (None, False)}
    words = " ".join(f"{name}={_word(value)}" for name, value in chosen.items())
    return ctx.bus.audit.statement(ctx.principal, ctx.workspace, str(type(message).__topic__), words, detail=detail)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value[:5])) + (f" and {len(value) - 5} more" if len(value) > 5 else "")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
