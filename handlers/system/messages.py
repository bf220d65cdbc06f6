"""The public words of the system group."""

from typing import Annotated, Any

import msgspec
from needlework.bus.messages import Message, Reply
from needlework.handlers.times import Time


class TickSettings(msgspec.Struct, frozen=True):
    """What a tick goes by: how long conversations settle."""

    settle_seconds: int


class RequireTicks(Message[TickSettings], topic="tick.require"):
    """The workspace's tick settings; refused with 409 `tick_disabled` while its ticks are disabled."""


class ReadConfig(Message[dict[str, Any]], topic="workspace.config"):
    """The workspace's configuration, for other groups."""


class IsUnfinished(Message[bool], topic="message.unfinished"):
    """Whether a message is there and has not ended, for operations of which only one may run."""

    id: str


class RunnerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One runner in this workspace: what it owes now, what died in a period, and the errors that did it most often."""

    id: str
    paused: bool
    waiting: int
    running: int
    parked: int
    dead: int
    died: int
    errors: list[tuple[str, int]]


class ReadHealth(Message[list[RunnerHealth]], topic="runner.health", kw_only=True):
    """Every runner's depth now, and what died in a range, for reports."""

    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None


class ReadBatch(Message[dict[str, Any]], topic="batch.read"):
    """How far a batch is, for operations that answer how much they queued; empty where nothing was."""

    id: str


class TickWorkspace(Message[dict[str, Any]], topic="tick.workspace"):
    """Queue the connections that are due, read the configuration anew, and do the service's own upkeep."""


class WatchDead(Message[None], topic="tick.watch"):
    """Stop automatic work where so much dies that a person must look first."""


class TickRunners(Message[Reply], topic="tick.runners"):
    """Start every runner that has due messages, once, with its default options."""


class EnableTicks(Message[dict[str, Any]], topic="tick.enable"):
    """Let ticks, schedules and automatic work of this workspace run again."""


class RunOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much one run processes."""

    messages_to_process: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a runner did, in messages; `remaining` are due still."""

    runner_id: str
    run_id: str
    processed: int
    succeeded: int
    failed: int
    skipped: int
    remaining: int
    duration_ms: int


class RunRunner(Message[RunResult], topic="runner.run", key=("runner_id",)):
    """Process what is due for one runner in this workspace, at most so many messages."""

    runner_id: str
    options: RunOptions = RunOptions()
