"""docs/import.md: its files are read without a problem, and belong together as it says."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.handlers.accounts.messages import AccountInput, ContactInput, IngestAccount, IngestContact, ListAccounts
from needlework.handlers.conversations.messages import ConversationInput, IngestConversation, ListConversations
from needlework.handlers.formats import payload, spelling, tables
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.read import SUFFIXES, read
from needlework.handlers.meetings.messages import IngestMeeting, MeetingInput
from needlework.handlers.notes.messages import IngestNote, NoteInput

pytestmark = pytest.mark.anyio
Desk = Any
PAGE = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
FILE = re.compile(r"`([\w./-]+\.\w+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
INTAKE: dict[str, tuple[type[Any], type[Any]]] = {
    "account": (IngestAccount, AccountInput),
    "user": (IngestContact, ContactInput),
    "conversation": (IngestConversation, ConversationInput),
    "meeting": (IngestMeeting, MeetingInput),
    "note": (IngestNote, NoteInput),
}


@pytest.fixture
def shown(tmp_path: Path) -> list[Item]:
    """What the files of the page hold, all in one folder, in the order of an import."""
    for name, text in FILE.findall(PAGE):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = list(read(tmp_path / "files"))
    assert [each for each in found if not isinstance(each, Item)] == []
    items = [each for each in found if isinstance(each, Item)]
    return sorted(items, key=lambda each: [*INTAKE, "calendar"].index(each.kind))


async def bring(desk: Desk, items: list[Item]) -> list[dict[str, Any]]:
    """Send them in as the command does."""
    answers = []
    for item in items:
        if item.kind in INTAKE:
            message, fields = INTAKE[item.kind]
            answers += await desk(message(items=[msgspec.convert(item.data, fields)]))
    await desk.drain()
    return answers


def test_every_kind_of_record_is_shown(shown: list[Item]) -> None:
    assert Counter(each.kind for each in shown) == {
        "account": 3, "user": 2, "conversation": 6, "meeting": 1, "note": 1, "calendar": 1,
    }  # fmt: skip


async def test_what_belongs_together_comes_together_and_a_second_time_changes_nothing(
    desk: Desk, shown: list[Item]
) -> None:
    await bring(desk, shown)
    accounts = {each["id"]: each for each in (await desk(ListAccounts()))["items"]}
    assert {each["external_id"] for each in accounts.values()} == {"fernhill", "oldmill", "brook"}
    (fern,) = [each for each in accounts.values() if each["external_id"] == "fernhill"]
    assert fern["domains"] == ["fernhill.example", "fernhill-dairy.example"]
    rows = (await desk(ListConversations()))["items"]
    owners = sorted((each["channel"], accounts[each["account_id"]]["external_id"]) for each in rows)
    assert owners == [
        ("chat", "brook"), ("email", "fernhill"), ("github", "fernhill"), ("meeting", "fernhill"), ("slack", "brook"),
    ]  # fmt: skip
    assert all(each.get("unchanged") for each in await bring(desk, shown))


def test_every_field_and_suffix_that_is_read_is_named() -> None:
    """A field that nobody told of is found by nobody; `others` are what other programs call ours."""
    others = {"fs_id", "created_at", "date", "content", "turns", "meeting_transcripts", "transcript"}
    fields = frozenset.union(*tables.FIELDS.values(), *spelling.FIELDS.values()) - others
    assert {each for each in fields if f"`{each}`" not in PAGE} == set()
    assert {each for each in SUFFIXES if f"`{each}`" not in PAGE} == set()
    assert {each for each in payload.CHANNELS if f"`{each}`" not in PAGE} == set()
