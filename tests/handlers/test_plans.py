"""Every query of a handler group finds its rows by an index: a table scanned is a slow page to come.

So is a workspace walked through. SQLite has no statistics here and takes a workspace for ten rows, so that any index
which begins with it seems as good as the right one: plain `JOIN`s and conditions leave it the choice, `CROSS JOIN`,
`+column` and `unlikely(…)` do not.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import needlework
import pytest
from needlework.bus.sql import Queries, Statement
from needlework.handlers.accounts import list_accounts, list_contacts
from needlework.handlers.accounts.messages import ListAccounts, ListContacts
from needlework.handlers.conversations import list as conversation_list
from needlework.handlers.conversations.messages import ListConversations
from needlework.handlers.labels import evidence, list_content_labels
from needlework.handlers.labels.messages import LabelsInRange, LabelsOfContent, ListContentLabels
from needlework.handlers.meetings import list as meeting_list
from needlework.handlers.meetings.messages import ListMeetings
from needlework.handlers.needle_movers import list as mover_list
from needlework.handlers.needle_movers import list_evidence
from needlework.handlers.needle_movers.messages import ListEvidence, ListNeedleMovers
from needlework.handlers.notes import list as note_list
from needlework.handlers.notes.messages import ListNotes
from needlework.handlers.tasks import list as task_list
from needlework.handlers.tasks.messages import ListTasks
from needlework.handlers.times import Range

HANDLERS = Path(needlework.__file__).parent / "handlers"
GROUPS = sorted(path.parent.name for path in HANDLERS.glob("*/queries.sql"))
NAMED = [
    (group, name)
    for group in GROUPS
    for name in Queries(HANDLERS / group / "queries.sql").texts
    if not name.startswith("filter_")
]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    for path in sorted(HANDLERS.glob("*/migrations/*.sql")):
        made.executescript(path.read_text())
    yield made
    made.close()


def plan(connection: sqlite3.Connection, sql: str) -> list[str]:
    values = {name: "[]" if name in ("ids", "identities") else 1 for name in re.findall(r":(\w+)", sql)}
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


WAITING = ("conversations_unanalyzed", "notes_unanalyzed", "tasks_unlabelled")
"""Indexes of what waits alone."""
FEW = ("label_definitions", "needle_mover_states", "reports", "slack_channels")
"""Tables with a handful of rows a workspace, whatever comes in."""
WALKS = {
    ("labels", "label_evidence"): "never run without a filter",
    ("needle_movers", "total_revenue"): "a sum of all accounts",
    ("needle_movers", "count_movers"): "the sum of a list, by status",
    ("tasks", "count_tasks"): "the sum of a list, by status",
    ("needle_movers", "newest_label"): "the greatest of an index alone",
    ("needle_movers", "forget_movers"): "the greatest of an index alone",
    ("needle_movers", "stale_impacts"): "a sweep's page of needle movers",
}


def walks(steps: list[str]) -> list[str]:
    """Steps that go through all that a table has of a workspace."""
    found = [step for step in steps if re.search(r"\(workspace_id=\?\)( LEFT-JOIN)?$", step)]
    few = "|".join([*WAITING, *(f"sqlite_autoindex_{table}_[0-9]" for table in FEW)])
    return [step for step in found if not re.search(rf"INDEX ({few}) ", step)]


def scans(steps: list[str]) -> list[str]:
    """Steps that read a whole table; a search table's own index, values and what a query made are none."""
    made = {f"SCAN {step.split()[1]}" for step in steps if step.startswith("CO-ROUTINE")} | {"SCAN CONSTANT ROW"}
    return [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step and step not in made]


@pytest.mark.parametrize(("group", "name"), NAMED)
def test_no_query_scans_a_table(connection: sqlite3.Connection, group: str, name: str) -> None:
    assert scans(plan(connection, Queries(HANDLERS / group / "queries.sql")[name])) == []


@pytest.mark.parametrize(("group", "name"), NAMED)
def test_no_query_walks_through_a_workspace(connection: sqlite3.Connection, group: str, name: str) -> None:
    """With 40,000 spans each match took 70 ms for that, one conversation's labels as long as there were others."""
    found = walks(plan(connection, Queries(HANDLERS / group / "queries.sql")[name]))
    assert bool(found) == ((group, name) in WALKS), found


BY_ID = [
    (group, name)
    for group, name in NAMED
    if re.search(r"\b(\w\.)?id IN \(SELECT value FROM json_each", Queries(HANDLERS / group / "queries.sql")[name])
]


@pytest.mark.parametrize(("group", "name"), BY_ID)
def test_what_is_named_is_looked_up_by_its_name(connection: sqlite3.Connection, group: str, name: str) -> None:
    """Not by another condition, whose rows are then compared with the list."""
    (first, *_) = plan(connection, Queries(HANDLERS / group / "queries.sql")[name])
    assert re.search(r"\((workspace_id=\? AND )?id=\?\)$", first), first


LISTS = [
    conversation_list.statement(ListConversations(), 1),
    conversation_list.statement(ListConversations(channel="email", status="open"), 1),
    conversation_list.statement(ListConversations(q="refund"), 1),
    conversation_list.statement(ListConversations(label="question", account_id="acct_1", q="refund"), 1),
    note_list.statement(ListNotes(), 1),
    note_list.statement(ListNotes(q="refund", label="question", kind="manual"), 1),
    list_content_labels.statement(ListContentLabels(), 1),
    list_content_labels.statement(ListContentLabels(label="question", state="confirmed"), 1),
    list_content_labels.statement(ListContentLabels(content_id="conv_1", content_type="conversation"), 1),
    evidence.of_content_statement(LabelsOfContent(content_type="note", content_id="note_1"), 1),
    evidence.in_range_statement(LabelsInRange(), 1, Range(0, 1)),
]
SEARCHES = [
    *(LISTS[index] for index in (2, 3, 5)),
    meeting_list.statement(ListMeetings(q="refund"), 1),
    meeting_list.statement(ListMeetings(q="refund", order="earliest", status="confirmed", from_="2026-01-01"), 1),
    mover_list.statement(ListNeedleMovers(q="refund"), 1),
    mover_list.statement(ListNeedleMovers(q="refund", status="active", kind="risk"), 1),
    task_list.statement(ListTasks(q="refund"), 1, "2026-01-01"),
    task_list.statement(ListTasks(q="refund", status="open", overdue=True), 1, "2026-01-01"),
    list_accounts.statement(ListAccounts(q="refund"), 1),
    list_accounts.statement(ListAccounts(q="refund", order="revenue"), 1),
    list_contacts.statement(ListContacts(q="refund", account_id="acct_1"), 1),
]
LISTS += [
    *SEARCHES[3:],
    mover_list.statement(ListNeedleMovers(account_id="acct_1"), 1),
    list_evidence.statement(ListEvidence(id="nm_1", account_id="acct_1"), 1),
    meeting_list.statement(ListMeetings(account_id="acct_1"), 1),
    meeting_list.statement(ListMeetings(account_id="acct_1", order="earliest", q="refund"), 1),
    meeting_list.statement(ListMeetings(), 1),
    meeting_list.statement(ListMeetings(order="earliest"), 1),
    mover_list.statement(ListNeedleMovers(), 1),
    list_accounts.statement(ListAccounts(), 1),
    list_accounts.statement(ListAccounts(order="name"), 1),
    list_accounts.statement(ListAccounts(order="revenue"), 1),
    list_contacts.statement(ListContacts(), 1),
    list_contacts.statement(ListContacts(account_id="acct_1"), 1),
]


@pytest.mark.parametrize("statement", LISTS)
def test_no_list_scans_a_table(connection: sqlite3.Connection, statement: Statement) -> None:
    assert scans(plan(connection, statement.sql)) == []


@pytest.mark.parametrize("statement", LISTS)
def test_no_list_walks_through_a_workspace(connection: sqlite3.Connection, statement: Statement) -> None:
    assert walks(plan(connection, statement.sql)) == []


@pytest.mark.parametrize("statement", SEARCHES)
def test_a_search_is_made_once_and_not_for_every_row(connection: sqlite3.Connection, statement: Statement) -> None:
    """A join in the other order asked the search table for each of 60,000 messages: minutes for a page."""
    steps = [step for step in plan(connection, statement.sql) if "_search VIRTUAL TABLE" in step]
    assert steps
    assert [step for step in steps if ":=" in step] == []


@pytest.mark.parametrize("statement", [LISTS[0], LISTS[4], LISTS[6], LISTS[8], *LISTS[-8:]])
def test_a_plain_page_needs_no_sorting(connection: sqlite3.Connection, statement: Statement) -> None:
    assert [step for step in plan(connection, statement.sql) if "ORDER BY" in step] == []
