"""JSON lines: kinds, turn rows, bad lines."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from needlework.handlers.formats import jsonl, turns
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import read

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def items(*rows: Any, document: bool = False) -> list[Item | Problem]:
    """Read rows as lines, or one of them as a document."""
    data = b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in rows)
    return list(jsonl.items(BytesIO(data), received=NOW, document=document))


def test_rows_of_one_sentence_become_whole_conversations(collection: Path) -> None:
    """As many conversations as there are ids, and no sentence is lost."""
    path = collection / "support_dialogs_multidogo" / "train.jsonl"
    path = path if path.is_file() else collection / "dialogues.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    found = list(read(path))
    assert all(isinstance(each, Item) and each.kind == "conversation" for each in found)
    conversations = [each.data for each in found if isinstance(each, Item)]
    assert [each["external_id"] for each in conversations] == list(
        dict.fromkeys(row["conversation_id"] for row in rows)
    )
    lines = sum(one["text"].count("\n") + 1 for each in conversations for one in each["messages"])
    assert lines == len(rows) > 10
    ids = [one["external_id"] for each in conversations for one in each["messages"]]
    assert len(ids) == len(set(ids))
    assert all(each["channel"] == "chat" and each["started_at"] <= each["last_message_at"] for each in conversations)


def test_what_a_row_says_of_its_sentence_becomes_a_fact() -> None:
    """Other columns of a dialogue are kept."""
    (found,) = items({"conversation_id": "t", "turn": 0, "sentence": 0, "text": "hi", "intents": ["greeting"]})
    assert isinstance(found, Item)
    assert found.data["messages"][0]["facts"]["intents"] == ["greeting"]


def test_meetings_with_speakers(collection: Path) -> None:
    """Rows of a meeting with its turns."""
    path = collection / "qmsum" / "train_40.jsonl"
    path = path if path.is_file() else collection / "jsonl" / "meetings.jsonl"
    found = [each for each in read(path) if isinstance(each, Item)]
    assert len(found) == len(path.read_text().splitlines()) >= 2
    assert {each.data["channel"] for each in found} == {"meeting"}


def test_mixed_kinds(samples: Path) -> None:
    """Every line that can be read is, in its order; the others are named by line."""
    found = list(read(samples / "jsonl" / "mixed.jsonl"))
    assert [each.kind if isinstance(each, Item) else each.line for each in found] == [
        "account",
        "conversation",
        3,
        "note",
        5,
        "conversation",
        "conversation",
        "user",
    ]
    account, slack, _, note, _, dialog, other, user = found
    assert isinstance(account, Item)
    assert account.data == {"external_id": "acme", "name": "ACME", "domains": ["acme.example"]}
    assert isinstance(slack, Item)
    first, second = slack.data["messages"]
    assert (first["external_id"], first["sent_at"]) == ("1772528400.000200", "2026-03-03T09:00:00.000200Z")
    assert second["facts"] == {"mood": "calm"}
    assert second["sender"] == {"name": "Bob", "email": "bob@acme.example"}
    assert second["sent_at"] == "2026-03-03T09:00:00Z"
    assert slack.data["last_message_at"] == first["sent_at"]  # a fraction is later than the bare second
    assert isinstance(note, Item)
    assert (note.data["title"], note.data["body_md"], note.data["author"]) == ("Plan", "# Plan", "Ann")
    assert isinstance(dialog, Item)
    assert [each["text"] for each in dialog.data["messages"]] == ["hello\nmy card is lost", "thanks"]
    assert dialog.data["messages"][0]["facts"]["intents"] == ["greeting", "lostcard"]
    assert isinstance(other, Item)
    assert other.data["participants"] == [{"name": "Eve", "email": "eve@example.org"}]
    assert isinstance(user, Item)
    assert user.kind == "user"


def test_conversation_fields() -> None:
    """An own id is kept as id; a wrong field names itself."""
    found, wrong, worse = items(
        {"kind": "conversation", "id": "conv_1", "channel": "chat", "account_id": "acct_1", "messages": []},
        {"channel": "fax", "messages": []},
        {"messages": [{"text": "a"}, {"sender": "b"}]},
    )
    assert isinstance(found, Item)
    assert (found.data["id"], found.data["account_id"]) == ("conv_1", "acct_1")
    assert isinstance(wrong, Problem)
    assert "channel" in wrong.reason
    assert isinstance(worse, Problem)
    assert worse.reason == "messages[1]: a message without text"


def test_documents() -> None:
    """A list, one object over several lines, and lines under the wrong suffix."""
    rows: list[Any] = [{"email": "a@b.example"}, 3, {"title": "t", "body": "b"}]
    kinds = [each.kind if isinstance(each, Item) else each.reason for each in items(rows, document=True)]
    assert kinds == ["user", "element 2: not an object", "note"]
    (one,) = items(b'{\n "title": "t",\n "body_md": "b"\n}', document=True)
    assert isinstance(one, Item)
    assert len(items(rows[0], rows[2], document=True)) == 2
    (broken,) = items(b"{\n" * 1000, document=True)
    assert isinstance(broken, Problem)


def test_a_large_dialogue_comes_in_pieces(monkeypatch: Any) -> None:
    """Memory stays flat: a conversation without end is several payloads of one id, cut between turns."""
    monkeypatch.setattr(turns, "LARGEST", 1000)
    rows = [{"conversation_id": "c", "turn": number // 2, "text": "x" * 100} for number in range(40)]
    found = [each.data for each in items(*rows) if isinstance(each, Item)]
    assert len(found) > 1
    assert {each["external_id"] for each in found} == {"c"}
    ids = [one["external_id"] for each in found for one in each["messages"]]
    assert ids == [f"c:{number}" for number in range(20)]


def test_same_bytes_same_ids() -> None:
    """Without ids of their own, records get ids that a second import repeats."""
    row = {"messages": [{"text": "a"}]}
    assert items(row) == items(row)
    assert items({"title": "a", "body": "b"}) == items({"body": "b", "title": "a"})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"channel": "chat", "mesages": [{"text": "a"}]}, "unknown field 'mesages' (did you mean \"messages\"?)"),
        ({"kind": "note", "titel": "t", "body_md": "b"}, "unknown field 'titel' (did you mean \"title\"?)"),
        ({"titel": "t", "body_md": "b"}, "unknown field 'titel' (did you mean \"title\"?)"),
        ({"kind": "note", "title": "t", "xyz": 1}, "unknown field 'xyz'; a note has author, body,"),
        ({"kind": "note", "data": {"title": "t"}, "author": "Ann"}, "beside kind and data stands 'author'"),
        ({"mesages": []}, "unknown field 'mesages' (did you mean \"messages\"?)"),
        ({"kind": "xyzzy"}, "unknown kind 'xyzzy'; known: account, calendar, conversation, meeting, note, user"),
        ({"kind": "notes", "x": 1}, "unknown kind 'notes' (did you mean \"note\"?); known: account,"),
    ],
)
def test_a_misspelt_field_is_named_with_the_right_one_and_its_line(row: Any, reason: str) -> None:
    """Nothing that a person wrote is dropped without a word."""
    _, found = items({"title": "fine", "body": "b"}, row)
    assert isinstance(found, Problem)
    assert found.line == 2
    assert reason in found.reason


def test_what_other_programs_say_beside_ours_is_no_mistake() -> None:
    """Without `kind`, a row may have fields of its own; rows of turns keep theirs as facts."""
    chat = {"channel": "chat", "channel_id": "C1", "updated_at": 1, "messages": [{"text": "a", "mesage": "b"}]}
    found, turn = items(chat, {"conversation_id": "t", "text": "hi", "titel": "x", "mesages": 1})
    assert isinstance(found, Item)
    assert found.data["messages"][0]["facts"]["mesage"] == "b"
    assert isinstance(turn, Item)
    assert turn.data["messages"][0]["facts"].keys() >= {"titel", "mesages"}


def test_what_a_note_and_a_conversation_refer_to_is_kept() -> None:
    """Every reference that the ingest takes."""
    note, chat = items(
        {"kind": "note", "title": "t", "meeting_id": "mtg_1"},
        {"kind": "conversation", "id": "c", "messages": [], "connection_id": "conn_1"},
    )
    assert isinstance(note, Item)
    assert isinstance(chat, Item)
    assert (note.data["meeting_id"], chat.data["connection_id"]) == ("mtg_1", "conn_1")


def test_messages_without_times_are_before_the_time_of_their_file() -> None:
    """Nothing is said in the future, and the order stays."""
    (found,) = items({"messages": ["a", "b", "c"]})
    assert isinstance(found, Item)
    times = [each["sent_at"] for each in found.data["messages"]]
    assert times == sorted(times)
    assert found.data["started_at"] == times[0]
    assert times[-1] < "2026-03-03T00:00:00Z"


@pytest.mark.parametrize(
    "stray",
    [
        {"a": 1},
        {"name": "app", "version": "1.0.0", "scripts": {}, "author": "Ada"},
        {"channel": "chat", "version": 3},
        {"messages": []},
        {"transcript": [], "duration": 4},
        {"kind": "conversation"},
    ],
)
def test_a_stray_document_is_named_and_becomes_no_empty_conversation(stray: Any) -> None:
    """`{"messages": []}` or a settings file with a `channel` was taken in as a conversation in which nobody spoke."""
    (problem,) = items(stray, document=True)
    assert isinstance(problem, Problem)
    assert "a conversation" in problem.reason


def test_each_element_of_a_stray_list_is_named_by_its_place() -> None:
    found = items(b"[1, {}, null]", document=True)
    assert [each.reason[:10] for each in found if isinstance(each, Problem)] == [f"element {n}:" for n in (1, 2, 3)]
