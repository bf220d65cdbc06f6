"""The public words of reports and their runs."""

from typing import Annotated, Any, Literal

import msgspec
from needlework.bus.messages import Message
from needlework.handlers.answers import Limit, Page
from needlework.handlers.times import Time, check_times
from needlework.handlers.words import check_id

Query = Literal["needle_movers", "label_trends", "account_health", "runner_health"]
Cycle = Literal["daily", "weekly", "monthly", "manual"]
Format = Literal["md", "html", "json"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported (`query`), and how often: each `schedule` covers the day, week or month that has ended."""

    id: str
    name: str
    query: str
    schedule: str
    format: str
    created_at: str
    updated_at: str


class CreateReport(Message[Report], topic="reports.create", kw_only=True):
    """A report: what, how often, in which format it is read where none is asked for."""

    query: Query
    name: Name | None = None
    schedule: Cycle = "weekly"
    format: Format = "md"
    id: str | None = None

    def __post_init__(self) -> None:
        check_id("report", self.id)


class UpdateReport(Message[Report], topic="reports.update", key=("id",), kw_only=True):
    """Change a report; what is left out stays. What it is about never changes: make another one."""

    id: str
    name: Name | None = None
    schedule: Cycle | None = None
    format: Format | None = None


class DeleteReport(Message[dict[str, int]], topic="reports.delete", key=("id",)):
    """Delete a report. Its runs stay and can be read."""

    id: str


class ReadReport(Message[Report], topic="reports.read"):
    """One report."""

    id: str


class ListReports(Message[Page[Report]], topic="reports.list", kw_only=True):
    """Reports, the newest first."""

    limit: Limit = 50
    cursor: str | None = None


class RunHead(msgspec.Struct, frozen=True, kw_only=True):
    """One run: a report for one period, `period_start` inclusive, `period_end` exclusive, in the workspace's `zone`."""

    id: str
    report_id: str
    name: str
    query: str
    status: str
    scheduled: bool
    zone: str
    period_start: str
    period_end: str
    error: str | None
    created_at: str
    finished_at: str | None


class ReportRun(RunHead, frozen=True, kw_only=True):
    """A run with what it says; `content` is a text, for `json` an object, null until the run is done."""

    format: str
    content: Any


class RunReport(Message[RunHead], topic="reports.run", key=("id",), kw_only=True):
    """Run a report now: for the period that ended last, or for a range. A period that was run answers its run."""

    id: str
    from_: Time = msgspec.field(default=None, name="from")
    until: Time = None

    def __post_init__(self) -> None:
        check_times(**{"from": self.from_, "until": self.until})
        if (self.from_ is None) != (self.until is None):
            raise ValueError("a range needs both from and until; without both, the period that ended last is meant")


class ListRuns(Message[Page[RunHead]], topic="reports.runs", kw_only=True):
    """Runs, the newest first; of one report where given."""

    report_id: str | None = None
    limit: Limit = 50
    cursor: str | None = None


class ReadRun(Message[ReportRun], topic="reports.read_run", kw_only=True):
    """One run as Markdown, HTML or JSON; without `format` as its report says."""

    run_id: str
    format: Format | None = None


class MakeReport(Message[dict[str, str]], topic="report_run", key=("run_id",)):
    """Gather what a queued run says. A run that is done stays as it is."""

    run_id: str


class ReportPublished(Message[None], topic="report.published", key=("run_id",)):
    """A run is there to be read. A fact; Slack's channels are told by subscription."""

    run_id: str
    report_id: str


class TickReports(Message[dict[str, Any]], topic="tick.reports"):
    """Queue the runs that are due, and those that are stuck once more."""
