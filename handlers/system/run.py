"""Run one runner now."""

import asyncio
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Conflict, NoResponder, Refuse, Retry
from needlework.bus.runs import RunCount
from needlework.bus.subscriptions import subscribe
from needlework.bus.topicfile import nearest
from needlework.handlers.system.messages import RunResult, RunRunner
from needlework.handlers.ticks import milliseconds

LONGEST = 540.0
"""Seconds; the topic's timeout is longer, so that the counts are always told."""

AGAIN = 2.0
"""Seconds until a runner that no living process runs is looked for again."""

EVERY = 1.0
"""Seconds between two reports of what is left."""


@subscribe(RunRunner, runner="system")
async def run(message: RunRunner, ctx: Context) -> RunResult:
    """Process at most `messages_to_process` due messages and count what became of them."""
    runner = ctx.bus.registry.runners.get(message.runner_id)
    if runner is None or runner.policy.hidden:
        known = visible(ctx)
        missing = f"no runner {message.runner_id!r}{nearest(message.runner_id, known)}"
        detail = f"{missing}; there are {', '.join(known)}"
        raise Refuse(404, "unknown_runner", detail, runners=known)
    started = ctx.clock.monotonic()
    wanted = message.options.messages_to_process or runner.policy.batch
    try:
        counted = await _run(ctx, runner.name, wanted)
    except NoResponder as error:
        raise Retry(error.detail, after=AGAIN) from error
    except Conflict as error:
        raise Refuse(409, error.code, error.detail) from error
    result = RunResult(
        runner_id=runner.name,
        run_id=ctx.message_id,
        processed=counted.processed,
        succeeded=counted.succeeded,
        failed=counted.failed,
        skipped=counted.skipped,
        remaining=counted.remaining,
        duration_ms=milliseconds(ctx, started),
    )
    ctx.tell("runner.finished", **msgspec.structs.asdict(result))
    return result


async def _run(ctx: Context, runner: str, wanted: int) -> RunCount:
    """What the run did. Its start is told unless it is refused, and what is left of it, now and then."""
    named: dict[str, Any] = {"runner_id": runner, "run_id": ctx.message_id}
    running = asyncio.ensure_future(ctx.bus.run(runner, ctx.workspace, wanted, LONGEST))
    try:
        await asyncio.wait({running}, timeout=0)
        if not (running.done() and running.exception()):
            await ctx.log("runner.started", messages_to_process=wanted, **named)
        while not running.done():
            await asyncio.wait({running}, timeout=EVERY)
            if not running.done():
                left = (await ctx.bus.due(ctx.workspace)).get(runner, 0)
                await ctx.progress(kind="runner.progress", remaining=left, **named)
        return await running
    finally:
        running.cancel()


REFERENCE = (
    "calendar_events",
    "chat_summary_notes",
    "conversation_note_analysis_processor",
    "needle_mover",
    "needle_mover_scheduler",
    "scheduled_meetings",
    "slack_message_delivery",
)


def visible(ctx: Context) -> list[str]:
    """The registered runners that callers may tick: the reference's first, in its order, then the others."""
    runners = {name: runner for name, runner in ctx.bus.registry.runners.items() if not runner.policy.hidden}
    return [name for name in REFERENCE if name in runners] + [name for name in runners if name not in REFERENCE]
