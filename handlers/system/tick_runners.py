"""Start every runner that has something due."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.messages import Reply
from needlework.bus.subscriptions import subscribe
from needlework.handlers.system.messages import RequireTicks, RunRunner, TickRunners
from needlework.handlers.system.run import visible
from needlework.handlers.ticks import milliseconds


@subscribe(TickRunners, runner="system")
async def tick_runners(message: TickRunners, ctx: Context) -> Reply:
    """A run of its own for each runner with due messages; the answer tells which, and why the others not."""
    started = ctx.clock.monotonic()
    await ctx.query(RequireTicks())
    due = await ctx.bus.due(ctx.workspace)
    batch = ctx.batch or ctx.new_id("batch")
    skipped: dict[str, str] = {}
    for name in visible(ctx):
        reason = _why_not(ctx, name, due.get(name, 0))
        if reason is None:
            ctx.publish(RunRunner(runner_id=name), batch=batch)
        else:
            skipped[name] = reason
    started_any = len(skipped) < len(visible(ctx))
    headers = {"X-Needlework-Duration-Ms": str(milliseconds(ctx, started))}
    headers |= {"X-Needlework-Batch": batch} if started_any else {}
    headers |= {"X-Needlework-Skipped": msgspec.json.encode(skipped).decode()} if skipped else {}
    return Reply({name: name not in skipped for name in visible(ctx)}, headers)


def _why_not(ctx: Context, runner: str, due: int) -> str | None:
    """Why a run of `runner` would do nothing, or None."""
    controls = ctx.bus.controls
    if runner in controls.paused_runners:
        return "paused"
    if (runner, ctx.workspace.id) in controls.forced:
        return "already_running"
    return None if due else "nothing_due"
