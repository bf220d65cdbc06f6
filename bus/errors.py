"""Every error the bus raises, on one page.

    NeedleworkError
    ├── ConfigError          a declaration (topics.toml, settings, plug-in) is wrong; nothing started
    ├── PublishError         nothing was stored
    │   ├── UnknownTopic         422
    │   ├── InvalidMessage       422
    │   ├── TooLarge             413
    │   ├── NotPublishable       403
    │   ├── IdempotencyConflict  409
    │   └── OverBudget           429
    ├── NotFound             404  no such object in this workspace
    ├── Conflict             409  the object is in the wrong state
    ├── RequestError
    │   ├── NoResponder          503
    │   └── RequestTimeout       the outcome is not known yet
    ├── StorageError         503  nothing of this unit was stored
    │   ├── StorageFull          507
    │   ├── StorageBusy          503
    │   └── StorageDamaged       the file cannot be trusted; the service stops
    ├── LeaseLost            the runner belongs to another owner now; nothing was written
    ├── ForkedError          a forked child used its parent's bus; nothing was written
    └── GuardFailed          a guarded statement did not change the rows it must change

Control flow, raised by handlers, is not an error: `Refuse`, `Retry`, `Discard`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong field of an input: its path, what is wrong, and where possible what to write instead."""

    field: str
    message: str
    hint: str | None = None


class NeedleworkError(Exception):
    """Base of all errors. `status` is the HTTP status it becomes, `code` its stable name."""

    status = 500
    code = "internal_error"

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = (), retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        """Seconds after which a repeat may succeed; None where a repeat does not help."""


class ConfigError(NeedleworkError):
    """A declaration is wrong. `problems` lists every mistake, each with its file; `hints` say what else helps."""

    code = "bad_configuration"

    def __init__(self, problems: Sequence[str], hints: Sequence[str] = ()) -> None:
        super().__init__("\n".join([*problems, *hints]))
        self.problems, self.hints = tuple(problems), tuple(hints)


class PublishError(NeedleworkError):
    """The message was not stored."""

    status = 422
    code = "not_published"


class UnknownTopic(PublishError):
    """No topic has this name."""

    code = "unknown_topic"


class InvalidMessage(PublishError):
    """The message does not fit its topic's schema."""

    code = "invalid_message"


class TooLarge(PublishError):
    """The message is larger than its topic allows."""

    status = 413
    code = "too_large"


class NotPublishable(PublishError):
    """Only handlers and schedules may publish this topic."""

    status = 403
    code = "internal_topic"


class IdempotencyConflict(PublishError):
    """The idempotency key was used before with another body."""

    status = 409
    code = "idempotency_conflict"


class OverBudget(PublishError):
    """The workspace has too many unfinished messages on this topic."""

    status = 429
    code = "over_budget"


class NotFound(NeedleworkError):
    """No such object in this workspace."""

    status = 404
    code = "not_found"


class Conflict(NeedleworkError):
    """The object is not in a state that allows this."""

    status = 409
    code = "conflict"


class RequestError(NeedleworkError):
    """A request ended without a reply."""


class NoResponder(RequestError):
    """No live runner answers this topic."""

    status = 503
    code = "no_responder"


class RequestTimeout(RequestError):
    """The reply did not come in time; the message goes on."""

    status = 202
    code = "request_timeout"


class StorageError(NeedleworkError):
    """The disk or the database refused; nothing of this unit was stored."""

    status = 503
    code = "storage_failed"


class StorageFull(StorageError):
    """No space is left on the disk; nothing of this unit was stored."""

    status = 507
    code = "storage_full"


class StorageBusy(StorageError):
    """Another process held the database for too long; nothing of this unit was stored."""

    code = "storage_busy"


class StorageDamaged(StorageError):
    """The database file cannot be trusted; the service stops rather than lose what it acknowledged."""

    code = "storage_damaged"


class LeaseLost(NeedleworkError):
    """The runner belongs to another owner now; nothing was written."""

    status = 503
    code = "lease_lost"


class ForkedError(NeedleworkError):
    """A child process that was forked off uses the bus of its parent; nothing was written."""

    code = "forked"


class GuardFailed(NeedleworkError):
    """A guarded statement did not change the number of rows that it must change."""

    status = 409
    code = "guard_failed"


class Refuse(Exception):
    """Raised by a handler: the caller's fault. Terminal, not retried, becomes a problem document."""

    def __init__(self, status: int, code: str, detail: str, *, errors: Sequence[FieldError] = (), **extra: Any) -> None:
        if not 400 <= status <= 499:
            raise ValueError(f"Refuse takes a 4xx status, not {status}")
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.extra = tuple(errors), extra


class Retry(Exception):
    """Raised by a handler: not now. Runs again `after` seconds (by the topic's backoff when None)."""

    def __init__(self, reason: str = "asked to be retried", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Discard(Exception):
    """Raised by a handler: nothing to do. The delivery ends as `result` with `discarded`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
