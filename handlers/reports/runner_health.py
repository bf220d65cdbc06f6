"""Runner health: what waits, what is dead, and what died in the period."""

from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.reports.document import Section
from needlework.handlers.reports.periods import Period
from needlework.handlers.system.messages import ReadHealth, RunnerHealth

COLUMNS = ("Runner", "Waiting", "Running", "Held back", "Dead", "Died in the period", "Paused")


async def runner_health(ctx: Context, period: Period) -> list[Section]:
    """Those with trouble first; the most frequent errors of what died."""
    found: list[RunnerHealth] = await ctx.query(ReadHealth(from_=period.start / SECOND, until=period.end / SECOND))
    ranked = sorted(found, key=lambda each: (-each.died, -each.dead, -each.waiting, each.id))
    rows = tuple(
        (each.id, each.waiting, each.running, each.parked, each.dead, each.died, "yes" if each.paused else "no")
        for each in ranked
    )
    died, dead = sum(each.died for each in found), sum(each.dead for each in found)
    lines = (f"{died} deliveries died in the period; {dead} dead letters wait for a person now.",)
    errors = tuple(f"{each.id}: {error} ({times} times)" for each in ranked for error, times in each.errors)
    return [Section("Runners", lines, COLUMNS, rows), *([Section("Why they died", quotes=errors)] if errors else [])]
