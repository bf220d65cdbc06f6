"""Logging: one set-up for ours and for the libraries', as lines for people or as JSON; nothing secret in it.

Named `logs`, since a root module `logging` would shadow the standard library's.
"""

import contextlib
import logging
import re
import sys
from typing import Any, Literal

import structlog
from needlework.bus.redacting import REDACTED, redact_text
from structlog.typing import EventDict, Processor

Style = Literal["auto", "console", "json"]

_SECRET_NAMES = re.compile(r"token|secret|passw|authorization|cookie|api_?key|ticket|credential", re.IGNORECASE)
_HARMLESS_NAMES = frozenset({"token_id", "tokens"})
_QUIET = ("httpx2", "httpcore2", "asyncio", "aiosqlite", "uvicorn.access")
"""Libraries whose debug lines repeat headers, statements or bodies: from warnings on only."""


def set_up(style: Style = "auto", level: str = "info") -> None:
    """Send every log line to standard error; `auto` is for people on a terminal and JSON elsewhere."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # plain tracebacks: never the values of local variables
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: Processor = (
        structlog.processors.JSONRenderer(sort_keys=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def announce(text: str) -> None:
    """Print a line for whoever started the process; where it can't be written (a full disk, a closed pipe), the work
    goes on."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A structlog step: secrets by their name or by their look become `[redacted]`, at any depth."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name.startswith("_"):  # structlog's own
        return value
    if _SECRET_NAMES.search(name) and name not in _HARMLESS_NAMES and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    if isinstance(value, int | float | None):
        return value
    return redact_text(str(value))
