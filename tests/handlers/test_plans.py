"""Every query of a handler group finds its rows by an index: a table scanned is a slow page to come."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import needlework
import pytest
from needlework.bus.sql import Queries, Statement
from needlework.handlers.conversations import list as conversation_list
from needlework.handlers.conversations.messages import ListConversations
from needlework.handlers.labels import evidence, list_content_labels
from needlework.handlers.labels.messages import LabelsInRange, LabelsOfContent, ListContentLabels
from needlework.handlers.notes import list as note_list
from needlework.handlers.notes.messages import ListNotes
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


def scans(steps: list[str]) -> list[str]:
    """Steps that read a whole table; a search table's own index and a list of values are none."""
    return [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE INDEX" not in step]


@pytest.mark.parametrize(("group", "name"), NAMED)
def test_no_query_scans_a_table(connection: sqlite3.Connection, group: str, name: str) -> None:
    assert scans(plan(connection, Queries(HANDLERS / group / "queries.sql")[name])) == []


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


@pytest.mark.parametrize("statement", LISTS)
def test_no_list_scans_a_table(connection: sqlite3.Connection, statement: Statement) -> None:
    assert scans(plan(connection, statement.sql)) == []


@pytest.mark.parametrize("statement", [LISTS[2], LISTS[3], LISTS[5]])
def test_a_search_is_made_once_and_not_for_every_row(connection: sqlite3.Connection, statement: Statement) -> None:
    """A join in the other order asked the search table for each of 60,000 messages: minutes for a page."""
    steps = [step for step in plan(connection, statement.sql) if "_search VIRTUAL TABLE" in step]
    assert steps
    assert [step for step in steps if ":=" in step] == []


@pytest.mark.parametrize("statement", [LISTS[0], LISTS[4], LISTS[6], LISTS[8]])
def test_a_plain_page_needs_no_sorting(connection: sqlite3.Connection, statement: Statement) -> None:
    assert [step for step in plan(connection, statement.sql) if "ORDER BY" in step] == []
