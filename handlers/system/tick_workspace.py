"""The workspace's own tick: connections, impacts, configuration, what was left or put aside, retention."""

from typing import Any

from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.meetings.messages import DueCalendars, SyncCalendar
from needlework.handlers.needle_movers.messages import DecayImpacts, StaleImpacts
from needlework.handlers.system.messages import RequireTicks, TickWorkspace
from needlework.handlers.ticks import milliseconds


@subscribe(TickWorkspace, runner="system")
async def tick(message: TickWorkspace, ctx: Context) -> dict[str, Any]:
    """All of it is done by itself too; this does it now, and counts."""
    started = ctx.clock.monotonic()
    await ctx.query(RequireTicks())
    await _refuse_beside_another(ctx)
    await ctx.log("tick.started")
    batch = ctx.batch or ctx.new_id("batch")
    due: list[str] = await ctx.query(DueCalendars())
    for connection in due:
        ctx.publish(SyncCalendar(id=connection), batch=batch)
        await ctx.log("connection.sync.queued", connection_id=connection)
    stale: bool = await ctx.query(StaleImpacts())
    if stale:
        ctx.publish(DecayImpacts(), batch=batch)
    answer = {
        "connections": dict.fromkeys(due, True),
        "config_reloaded": await _reload(ctx),
        "requeued": await ctx.bus.sharing.take_over(),
        "released": await ctx.bus.holds.start(ctx.workspace.id),
    }
    await _prune(ctx)
    await ctx.log("tick.finished", **answer)
    return {**answer, "batch_id": batch if due or stale else None, "duration_ms": milliseconds(ctx, started)}


async def _refuse_beside_another(ctx: Context) -> None:
    """Of two at once the later one is refused. Ids rise."""
    running = await ctx.bus.messages(ctx.workspace, topic="tick.workspace", state="running")
    if any(each["id"] < ctx.message_id for each in running["items"]):
        raise Refuse(409, "tick_running", "a tick of this workspace is running; its end is soon, ask again then")


async def _reload(ctx: Context) -> bool:
    """Read the configuration anew; whether another process had changed it without our knowing."""
    before = ctx.bus.workspaces.configs.get(ctx.workspace.id)
    await ctx.bus.workspaces.refresh()
    return ctx.bus.workspaces.configs.get(ctx.workspace.id) != before


async def _prune(ctx: Context) -> None:
    """A batch of retention, where this process is the one that removes, and the clock was not set just now."""
    maintenance = ctx.bus.maintenance
    if ctx.bus.duties.on_duty and ctx.clock.monotonic() >= maintenance.paused_until:
        await maintenance.prune()
