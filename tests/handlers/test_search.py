"""One rule of search for every list that has one: the same words find, whatever is looked through."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import needlework
import pytest
from needlework.handlers.accounts.messages import IngestAccount, IngestContact, ListAccounts, ListContacts
from needlework.handlers.conversations.messages import IngestConversation, ListConversations
from needlework.handlers.meetings.messages import AddTranscript, IngestMeeting, ListMeetings, TurnInput
from needlework.handlers.needle_movers.messages import CreateNeedleMover, ListNeedleMovers, UpdateNeedleMover
from needlework.handlers.notes.messages import IngestNote, ListNotes
from needlework.handlers.tasks.messages import CreateTask, ListTasks

pytestmark = pytest.mark.anyio
HANDLERS = Path(needlework.__file__).parent / "handlers"
TITLE = "Refunds of Zoë are delayed (100 %), says ada@acme.example"
MADE = {
    ListConversations: IngestConversation(subject=TITLE),
    ListNotes: IngestNote(title=TITLE, body_md="."),
    ListMeetings: IngestMeeting(title=TITLE),
    ListNeedleMovers: CreateNeedleMover(title=TITLE, kind="risk"),
    ListTasks: CreateTask(title=TITLE),
    ListAccounts: IngestAccount(name=TITLE),
    ListContacts: IngestContact(external_id="1", name=TITLE),
}
FINDS = [
    "refund",
    "REFUNDING",
    "zoe refunds",
    "delay",
    "ada@acme.example",
    "ada@acme.ex",
    "refund acm",
    "100%",
    " ",
    "",
]
FINDS_NOT = ["refund nothere", "und", "efunds", "%", "_", "!!!", '"', "refund NOT ada", "title:refund", "ref* x"]


async def found(desk: Any, asked: type[Any], **fields: Any) -> list[str]:
    """The ids that a list answers."""
    return [each["id"] for each in (await desk(asked(**fields)))["items"]]


@pytest.mark.parametrize("asked", MADE)
async def test_every_list_finds_by_the_same_rule(desk: Any, asked: type[Any]) -> None:
    """Words in any form found conversations, parts of words needle movers; `%` found every task."""
    await desk(MADE[asked])
    (made,) = await found(desk, asked)
    for query in FINDS:
        assert await found(desk, asked, q=query) == [made], query
    for query in FINDS_NOT:
        assert await found(desk, asked, q=query) == [], query
    assert await found(await desk.other("elsewhere"), asked, q="refund") == []


@pytest.mark.parametrize("asked", MADE)
def test_every_list_refuses_what_nobody_types(asked: type[Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"length <= 1000 - at `\$.q`"):
        msgspec.convert({"q": "x" * 1001}, asked)


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda id_: UpdateNeedleMover(id=id_, title="Storms ahead"), ListNeedleMovers),
        (lambda id_: IngestMeeting(id=id_, title="Storms ahead"), ListMeetings),
        (lambda id_: IngestAccount(id=id_, name="Storms ahead"), ListAccounts),
        (lambda id_: IngestContact(id=id_, name="Storms ahead"), ListContacts),
    ],
)
async def test_what_was_changed_is_found_by_its_new_words_alone(
    desk: Any, change: Callable[[str], Any], asked: type[Any]
) -> None:
    await desk(MADE[asked])
    (made,) = await found(desk, asked)
    await desk(change(made))
    assert await found(desk, asked, q="refund") == []
    assert await found(desk, asked, q="storm") == [made]


async def test_a_meeting_is_found_by_who_took_part_and_by_what_was_said_and_noted_there(desk: Any) -> None:
    people = [{"name": "Zoë Quast", "email": "zoe@acme.example"}]
    saved = await desk(msgspec.convert({"title": "Weekly", "attendees": people}, IngestMeeting))
    await desk(IngestMeeting(title="Another", attendees=["Ann"]))
    id_ = saved["id"]
    assert await found(desk, ListMeetings, q="quast acme") == [id_]
    assert await found(desk, ListMeetings, q="email") == []  # a field's name is nobody's word
    await desk(AddTranscript(id=id_, turns=[TurnInput(text="The turbines stand still.", speaker="Zoë Quast")]))
    await desk.drain()
    assert await found(desk, ListMeetings, q="turbine still") == [id_]
    await desk(IngestNote(title="Minutes", body_md="We ordered *bearings*.", meeting_id=id_))
    assert await found(desk, ListMeetings, q="bearing") == [id_]
    assert await found(desk, ListMeetings, q="bearing", order="earliest", status="confirmed") == [id_]


async def test_a_task_is_found_by_its_text_and_by_whose_it_is(desk: Any) -> None:
    made = await desk(CreateTask(title="Call", body="Ask for the **turbines**.", assignee="Lena Quast"))
    await desk(CreateTask(title="Write"))
    for query in ("turbine", "lena", "call lena"):
        assert await found(desk, ListTasks, q=query) == [made["id"]], query


ROW = {"workspace_id": 1, "created_at": 1, "updated_at": 1}
OLD: dict[str, tuple[str, dict[str, Any]]] = {
    "accounts/0002_search.sql": ("accounts", {"id": "a", "name": "Turbines", "status": "active"}),
    "meetings/0004_search.sql": (
        "meetings",
        {"id": "a", "title": "Turbines", "tz": "UTC", "status": "x", "attendees": "[]", "facts": "{}"},
    ),
    "needle_movers/0005_search.sql": (
        "needle_movers",
        {
            "id": "a",
            "title": "Turbines",
            "kind": "risk",
            "status": "active",
            "provenance": "user",
            "vector": b"",
            "encoder": "",
        },
    ),
    "tasks/0002_search.sql": (
        "tasks",
        {
            "id": "a",
            "title": "Turbines",
            "status": "open",
            "source": "user",
            "fingerprint": "",
            "confidence": 1.0,
            "provenance": "user",
            "vector": b"",
            "encoder": "",
        },
    ),
}
SEARCHED = {"accounts": "account", "meetings": "meeting", "needle_movers": "needle_mover", "tasks": "task"}


@pytest.mark.parametrize("migration", OLD)
def test_what_was_there_before_it_could_be_searched_is_found(migration: str) -> None:
    group, name = migration.split("/")
    table, row = OLD[migration]
    values = {**ROW, **row}
    connection = sqlite3.connect(":memory:")
    try:
        for path in sorted((HANDLERS / group / "migrations").glob("*.sql")):
            if path.name == name:
                names = ", ".join(values)
                connection.execute(f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(values)})", values)
            connection.executescript(path.read_text())
        search = f"{SEARCHED[group]}_search"
        assert connection.execute(f"SELECT rowid FROM {search} WHERE {search} MATCH 'turbine'").fetchall() == [(1,)]
        connection.execute(f"DELETE FROM {table}")
        assert connection.execute(f"SELECT rowid FROM {search} WHERE {search} MATCH 'turbine'").fetchall() == []
        connection.execute(f"INSERT INTO {search} ({search}) VALUES ('integrity-check')")
    finally:
        connection.close()
