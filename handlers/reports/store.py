"""Reading and writing reports and runs: rows in, statements out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.sql import Queries
from needlework.handlers.reports.document import Document, as_html, as_markdown
from needlework.handlers.reports.messages import MakeReport, Report, ReportRun, RunHead
from needlework.handlers.reports.periods import Period
from needlework.handlers.system.messages import ReadConfig
from needlework.handlers.times import show

sql = Queries(Path(__file__).with_name("queries.sql"))
Row = Any
LOOKS: dict[str, Callable[[Document], Any]] = {"md": as_markdown, "html": as_html, "json": msgspec.to_builtins}


async def report(ctx: Context, id: str) -> Row:
    """Report `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("report", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no report {id!r} in this workspace")
    return row


async def run(ctx: Context, id: str) -> Row:
    """Run `id`. Raises Refuse 404."""
    row = await ctx.db.one(sql("run", workspace=ctx.workspace.id, id=id))
    if row is None:
        raise Refuse(404, "not_found", f"no run {id!r} in this workspace")
    return row


async def zone(ctx: Context) -> str:
    """The workspace's time zone."""
    config: dict[str, Any] = await ctx.query(ReadConfig())
    return str(config.get("timezone", "UTC"))


def queue(ctx: Context, report: Row, period: Period, zone: str, *, scheduled: bool, batch: str | None = None) -> Row:
    """Collect a new run and its message; the run as it will stand."""
    run = ctx.new_id("run")
    values = {name: report[name] for name in ("name", "query", "format")}
    values |= {"id": run, "report": report["id"], "zone": zone, "scheduled": int(scheduled)}
    values |= {"start": period.start, "end": period.end, "now": ctx.now}
    ctx.write(sql("insert_run", 1, workspace=ctx.workspace.id, **values))
    ctx.publish(MakeReport(run_id=run), batch=batch)
    seen = {"report_id": report["id"], "period_start": period.start, "period_end": period.end, "status": "queued"}
    return {**values, **seen, "error": None, "created_at": ctx.now, "finished_at": None}


def shown_report(row: Row) -> Report:
    """A row as people see it."""
    names = ("id", "name", "query", "schedule", "format")
    times: dict[str, Any] = {name: show(row[name]) for name in ("created_at", "updated_at")}
    return Report(**{name: row[name] for name in names}, **times)


def head(row: Row) -> dict[str, Any]:
    """A row as the fields of `RunHead`."""
    names = ("id", "report_id", "name", "query", "status", "zone", "error")
    times = ("period_start", "period_end", "created_at", "finished_at")
    shown = {name: show(row[name]) for name in times}
    return {**{name: row[name] for name in names}, **shown, "scheduled": bool(row["scheduled"])}


def shown_head(row: Row) -> RunHead:
    """A row of a list."""
    return RunHead(**head(row))


def shown_run(row: Row, format: str) -> ReportRun:
    """A run with what it says, in a format."""
    content: Any = None
    if row["artifact"] is not None:
        document = msgspec.json.decode(row["artifact"], type=Document)
        content = LOOKS[format](document)
    return ReportRun(**head(row), format=format, content=content)
