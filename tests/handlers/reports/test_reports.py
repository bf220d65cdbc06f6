"""Reports: when they run, for which period, what a run says, and that it never changes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from needlework.bus.clock import micros
from needlework.bus.errors import Refuse
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.messages import AnalyseConversationNote
from needlework.handlers.needle_movers.messages import CreateNeedleMover
from needlework.handlers.reports.messages import (
    CreateReport,
    DeleteReport,
    ListReports,
    ListRuns,
    MakeReport,
    ReadReport,
    ReadRun,
    RunReport,
    TickReports,
    UpdateReport,
)
from needlework.handlers.reports.periods import Period, last_ended, shown

pytestmark = pytest.mark.anyio
Desk = Any
DAY = 86_400


def at(text: str) -> int:
    """Microseconds of an RFC 3339 time."""
    return micros(datetime.fromisoformat(text).astimezone(UTC))


@pytest.mark.parametrize(
    ("cycle", "now", "zone", "start", "end"),
    [
        ("daily", "2026-03-29T21:59:59+00:00", "Europe/Berlin", "2026-03-27T23:00:00+00:00",
         "2026-03-28T23:00:00+00:00"),
        ("daily", "2026-03-29T22:00:00+00:00", "Europe/Berlin", "2026-03-28T23:00:00+00:00",
         "2026-03-29T22:00:00+00:00"),
        ("weekly", "2026-03-02T00:00:00+00:00", "UTC", "2026-02-23T00:00:00+00:00", "2026-03-02T00:00:00+00:00"),
        ("weekly", "2026-03-01T23:59:59+00:00", "UTC", "2026-02-16T00:00:00+00:00", "2026-02-23T00:00:00+00:00"),
        ("manual", "2026-03-04T12:00:00+00:00", "UTC", "2026-02-23T00:00:00+00:00", "2026-03-02T00:00:00+00:00"),
        ("monthly", "2026-03-01T07:59:00+00:00", "America/Los_Angeles", "2026-01-01T08:00:00+00:00",
         "2026-02-01T08:00:00+00:00"),
        ("monthly", "2026-03-01T08:00:00+00:00", "America/Los_Angeles", "2026-02-01T08:00:00+00:00",
         "2026-03-01T08:00:00+00:00"),
        # Beirut's clocks skip midnight: that day begins at one
        ("daily", "2024-04-01T00:00:00+00:00", "Asia/Beirut", "2024-03-30T22:00:00+00:00", "2024-03-31T21:00:00+00:00"),
    ],
)  # fmt: skip
def test_a_period_is_the_last_that_has_ended_on_the_workspaces_wall_clock(
    cycle: str, now: str, zone: str, start: str, end: str
) -> None:
    assert last_ended(cycle, at(now), zone) == Period(at(start), at(end))


def test_a_period_is_shown_by_its_days() -> None:
    assert (
        shown(last_ended("weekly", at("2026-03-04T12:00:00+00:00"), "UTC"), "UTC") == "2026-02-23 to 2026-03-01 (UTC)"
    )
    assert shown(last_ended("daily", at("2026-03-04T12:00:00+00:00"), "UTC"), "UTC") == "2026-03-03 (UTC)"


async def test_a_due_report_runs_once_a_period(desk: Desk) -> None:
    made = await desk(CreateReport(query="label_trends", schedule="daily"))
    assert (await desk(TickReports()))["runs_started"] == [], "the day before it was made is not its own"
    desk.clock.advance(DAY)
    first = await desk(TickReports())
    assert len(first["runs_started"]) == 1
    again = await desk(TickReports())
    assert (again["runs_started"], again["batch_id"]) == ([], None)
    await desk.drain()
    (run,) = (await desk(ListRuns(report_id=made["id"])))["items"]
    assert (run["id"], run["status"], run["scheduled"]) == (first["runs_started"][0], "done", True)
    desk.clock.advance(5 * DAY)
    await desk(TickReports())
    await desk.drain()
    runs = (await desk(ListRuns()))["items"]
    assert len(runs) == 2, "of periods that nobody ticked only the last one"
    assert runs[0]["period_start"] > runs[1]["period_start"]


async def test_the_schedule_ticks_by_itself(desk: Desk) -> None:
    await desk(CreateReport(query="runner_health", schedule="daily"))
    desk.bus.scheduler.stopped = False
    await desk.bus.scheduler.start()
    desk.clock.advance(DAY + 600)
    await desk.drain()
    desk.clock.advance(2)
    await desk.drain()
    assert [run["status"] for run in (await desk(ListRuns()))["items"]] == ["done"]


async def test_a_run_never_changes(desk: Desk) -> None:
    made = await desk(CreateReport(query="account_health", name="Health"))
    run = await desk(RunReport(id=made["id"]))
    await desk.drain()
    before = await desk(ReadRun(run_id=run["id"]))
    assert before["status"] == "done"
    desk.clock.advance(60)
    assert (await desk(RunReport(id=made["id"])))["id"] == run["id"]
    assert await desk(MakeReport(run_id=run["id"])) == {"status": "done"}
    await desk(UpdateReport(id=made["id"], name="Other", format="html"))
    await desk(DeleteReport(id=made["id"]))
    assert await desk(ReadRun(run_id=run["id"])) == before
    with pytest.raises(Refuse):
        await desk(ReadReport(id=made["id"]))


async def test_a_stuck_run_is_queued_once_more_and_then_failed(desk: Desk) -> None:
    made = await desk(CreateReport(query="label_trends", schedule="manual"))
    await desk.bus.pause("reports", "test")
    run = await desk(RunReport(id=made["id"]))
    desk.clock.advance(1801)
    assert (await desk(TickReports()))["requeued"] == 1
    assert (await desk(TickReports()))["requeued"] == 0
    desk.clock.advance(1801)
    assert (await desk(TickReports()))["requeued"] == 0
    read = await desk(ReadRun(run_id=run["id"]))
    assert (read["status"], read["content"]) == ("failed", None)
    await desk.bus.resume("reports", "test")
    await desk.drain()
    assert (await desk(ReadRun(run_id=run["id"])))["status"] == "failed"


async def test_labels_are_counted_by_when_they_were_said(desk: Desk) -> None:
    now = desk.clock.now() // 1_000_000
    said = ((3, "We will cancel our subscription <b>!"), (400, "We are going to cancel our subscription."))
    messages = [
        MessageInput(sender="ann@acme.test", sent_at=now - days * DAY, text=text, external_id=str(days))
        for days, text in said
    ]
    await desk(IngestConversation(id="conv_1", channel="chat", messages=messages))
    await desk(AnalyseConversationNote(conversation_fs_id="conv_1"))
    await desk(CreateReport(id="report_1", query="label_trends"))
    run = await desk(RunReport(id="report_1", from_=now - 7 * DAY, until=now))
    await desk.drain()
    rows = {
        row[0]: row for row in (await desk(ReadRun(run_id=run["id"], format="json")))["content"]["sections"][0]["rows"]
    }
    assert rows["Churn risk"][1:3] == (1, 0)
    html = (await desk(ReadRun(run_id=run["id"], format="html")))["content"]
    assert html.startswith("<!doctype html>")
    assert "http" not in html.replace("http-equiv", "")


async def test_ticks_are_refused_while_they_are_disabled(desk: Desk) -> None:
    await desk.bus.workspaces.set_config(desk.workspace, {"tick": {"disable": True, "reason": "moving"}}, "test")
    assert await desk.refusal(TickReports()) == (409, "tick_disabled")


async def test_another_workspaces_reports_are_not_there(desk: Desk) -> None:
    made = await desk(CreateReport(query="label_trends"))
    run = await desk(RunReport(id=made["id"]))
    other = await desk.other("acme")
    for message in (UpdateReport(id=made["id"], name="x"), DeleteReport(id=made["id"]), RunReport(id=made["id"]),
                    MakeReport(run_id=run["id"])):  # fmt: skip
        assert await other.refusal(message) == (404, "not_found")
    for query in (ReadReport(id=made["id"]), ReadRun(run_id=run["id"])):
        with pytest.raises(Refuse) as refused:
            await other(query)
        assert refused.value.status == 404
    assert (await other(ListReports()))["items"] == (await other(ListRuns()))["items"] == []


async def test_lists_go_on_behind_their_cursors(desk: Desk) -> None:
    for number in range(3):
        await desk(CreateReport(id=f"report_{number}", query="runner_health"))
        await desk(RunReport(id=f"report_{number}"))
    assert await desk.refusal(CreateReport(id="report_1", query="runner_health")) == (409, "id_taken")
    for ask in (ListReports, ListRuns):
        first = await desk(ask(limit=2))
        rest = await desk(ask(limit=2, cursor=first["next_cursor"]))
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)


async def test_the_digest_names_the_needle_movers(desk: Desk) -> None:
    await desk(CreateNeedleMover(title="Exports | fail", kind="issue", impact_override=77))
    await desk(CreateReport(id="report_1", query="needle_movers"))
    run = await desk(RunReport(id="report_1"))
    await desk.drain()
    text = (await desk(ReadRun(run_id=run["id"])))["content"]
    assert "| Exports \\| fail | issue | active | 77 |" in text
