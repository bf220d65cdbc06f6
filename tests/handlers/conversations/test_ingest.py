"""Taking in conversations: once, again, in parts, in lists, in any order."""

import random
from typing import Any

import pytest
from needlework.handlers import batches
from needlework.handlers.conversations import ingest
from needlework.handlers.conversations.messages import (
    AppendMessages,
    ConversationInput,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
)
from needlework.handlers.notes.messages import IngestNote
from needlework.handlers.people import Person

pytestmark = pytest.mark.anyio
Desk = Any

MESSAGES = [
    MessageInput(text="The export fails.", sender="ann@acme.example", sent_at=1_700_000_000, external_id="1"),
    MessageInput(text="Which version?", sender="Support", sent_at=1_700_000_060, external_id="2"),
    MessageInput(text="4.2, since Monday.", sender="ann@acme.example", sent_at=1_700_000_120, external_id="3"),
]


async def test_a_new_conversation_is_stored_with_its_messages_people_and_times(desk: Desk) -> None:
    saved = await desk(IngestConversation(external_id="t1", channel="email", subject="Export", messages=MESSAGES))
    assert saved == {"id": saved["id"], "created": True}
    assert saved["id"].startswith("conv_")
    read = await desk(ReadConversation(id=saved["id"]))
    assert [each["text"] for each in read["messages"]] == [each.text for each in MESSAGES]
    assert read["participants"] == [{"email": "ann@acme.example"}, {"name": "Support"}]
    assert (read["started_at"], read["last_message_at"]) == ("2023-11-14T22:13:20Z", "2023-11-14T22:15:20Z")
    assert (read["message_count"], read["fs_id"], read["status"]) == (3, saved["id"], "open")


async def test_the_same_content_again_changes_nothing_and_queues_no_analysis(desk: Desk) -> None:
    message = IngestConversation(external_id="t1", subject="Export", messages=MESSAGES)
    first = await desk(message)
    await desk.drain()
    before = await desk(ReadConversation(id=first["id"]))
    desk.clock.advance(3600)
    assert await desk(message) == {"id": first["id"], "created": False, "unchanged": True}
    await desk.drain()
    assert await desk(ReadConversation(id=first["id"])) == before
    queued = await desk.bus.messages(desk.workspace, topic="conversation_note_analysis")
    assert len(queued["items"]) == 1


async def test_a_callers_own_id_is_the_conversations_id(desk: Desk) -> None:
    assert await desk(IngestConversation(id="conv_abc123", messages=MESSAGES)) == {
        "id": "conv_abc123",
        "created": True,
    }
    assert (await desk(ReadConversation(id="conv_abc123")))["message_count"] == 3


async def test_a_stated_status_holds(desk: Desk) -> None:
    await desk(IngestConversation(id="conv_1", status="closed", messages=MESSAGES[:1]))
    assert (await desk(ReadConversation(id="conv_1")))["status"] == "closed"
    await desk(IngestConversation(id="conv_1", messages=MESSAGES))
    assert (await desk(ReadConversation(id="conv_1")))["status"] == "open"
    await desk(IngestConversation(id="conv_1", status="closed"))
    assert (await desk(ReadConversation(id="conv_1")))["status"] == "closed"


async def test_new_messages_extend_what_is_there(desk: Desk) -> None:
    first = await desk(IngestConversation(external_id="t1", messages=MESSAGES[:2]))
    again = await desk(IngestConversation(external_id="t1", messages=MESSAGES))
    assert again == {"id": first["id"], "created": False}
    read = await desk(ReadConversation(id=first["id"]))
    assert read["message_count"] == 3
    assert read["last_message_at"] == "2023-11-14T22:15:20Z"


async def test_an_edited_message_is_replaced_in_its_place(desk: Desk) -> None:
    saved = await desk(IngestConversation(external_id="t1", messages=MESSAGES))
    edited = MessageInput(text="The import fails.", sender="ann@acme.example", external_id="1")
    await desk(IngestConversation(external_id="t1", messages=[edited]))
    read = await desk(ReadConversation(id=saved["id"]))
    assert read["messages"][0]["text"] == "The import fails."
    assert read["message_count"] == 3
    found = await desk(ListConversations(q="import"))
    assert [each["id"] for each in found["items"]] == [saved["id"]]
    assert (await desk(ListConversations(q="export")))["items"] == []


async def test_a_list_answers_for_each_and_may_name_a_conversation_twice(desk: Desk) -> None:
    items = [ConversationInput(external_id="t1", messages=[each]) for each in MESSAGES]
    saved = await desk(IngestConversation(items=[*items, ConversationInput(subject="Other")]))
    assert [each["created"] for each in saved] == [True, False, False, True]
    assert len({each["id"] for each in saved}) == 2
    assert (await desk(ReadConversation(id=saved[0]["id"])))["message_count"] == 3


async def test_a_list_that_is_broken_off_goes_on_where_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed before the failure stays, and its answers are told with the others."""
    monkeypatch.setattr(batches, "UNIT", 2)
    whole, calls = ingest.save, 0

    async def fails_once(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise RuntimeError("broken off")
        return await whole(*arguments, **named)

    monkeypatch.setattr(ingest, "save", fails_once)
    items = [ConversationInput(external_id=f"t{number}") for number in range(8)]
    message = await desk.publish(IngestConversation(items=items))
    await desk.drain()
    desk.clock.advance(5)
    await desk.drain()
    status = await desk.bus.message(desk.workspace, message)
    assert [each["created"] for each in status["result"]] == [True] * 8
    assert len((await desk(ListConversations()))["items"]) == 8


@pytest.mark.parametrize("seed", range(12))
async def test_any_permutation_in_any_parts_gives_the_same_conversation(desk: Desk, seed: int) -> None:
    """What is stored depends on the messages alone, not on the order or the portions in which they come."""
    source = random.Random(seed)
    texts = ["yes", "no", "the app crashes", "thanks"]
    messages = [
        MessageInput(
            text=source.choice(texts),
            sender=source.choice(["ann@acme.example", "Ben"]),
            sent_at=1_700_000_000 + number,
            external_id=source.choice([None, str(number)]),
        )
        for number in range(12)
    ]
    whole = await desk(IngestConversation(id="conv_whole", messages=messages))
    shuffled = [*messages, *source.sample(messages, 5)]
    source.shuffle(shuffled)
    cuts = sorted(source.sample(range(1, len(shuffled)), 3))
    for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        await desk(IngestConversation(id="conv_parts", messages=_distinct(shuffled[start:end])))
    one = await desk(ReadConversation(id=whole["id"]))
    other = await desk(ReadConversation(id="conv_parts"))
    assert _content(one) == _content(other)


def _distinct(messages: list[MessageInput]) -> list[MessageInput]:
    return [each for number, each in enumerate(messages) if each not in messages[:number]]


def _content(read: dict[str, Any]) -> Any:
    said = [(each["external_id"], each["sender"], each["sent_at"], each["text"]) for each in read["messages"]]
    people = sorted(map(str, read["participants"]))
    return said, people, read["started_at"], read["last_message_at"], read["message_count"]


async def test_two_at_once_make_one_conversation(desk: Desk) -> None:
    """Both find nothing stored; the guard of the second sees the first, and it runs again."""
    for each in MESSAGES * 3:
        await desk.publish(IngestConversation(external_id="t1", messages=[each]))
    await desk.drain()
    (only,) = (await desk(ListConversations()))["items"]
    assert only["message_count"] == 3


async def test_appending_upserts_by_external_id(desk: Desk) -> None:
    await desk(IngestConversation(id="conv_1", messages=MESSAGES[:1]))
    assert (await desk(AppendMessages(id="conv_1", items=MESSAGES)))["created"]
    assert not (await desk(AppendMessages(id="conv_1", items=MESSAGES)))["created"]
    assert (await desk(ReadConversation(id="conv_1")))["message_count"] == 3


async def test_appending_the_same_words_twice_says_them_twice(desk: Desk) -> None:
    await desk(IngestConversation(id="conv_1", messages=MESSAGES))
    for _ in range(2):
        desk.clock.advance(1)
        await desk(AppendMessages(id="conv_1", text="ok", sender="Ben"))
    read = await desk(ReadConversation(id="conv_1"))
    assert [each["text"] for each in read["messages"]][-2:] == ["ok", "ok"]
    assert read["last_message_at"] == "2026-01-01T00:00:02Z"


async def test_appending_to_nothing_is_404(desk: Desk) -> None:
    assert await desk.refusal(AppendMessages(id="conv_none", text="hello")) == (404, "not_found")


async def test_an_external_id_of_another_conversation_is_409(desk: Desk) -> None:
    await desk(IngestConversation(id="conv_1", external_id="t1", messages=MESSAGES))
    other = IngestConversation(id="conv_2", external_id="t1", messages=MESSAGES)
    assert await desk.refusal(other) == (409, "external_id_taken")


async def test_workspaces_may_use_the_same_ids_and_see_only_their_own(desk: Desk) -> None:
    other = await desk.other("other")
    await desk(IngestConversation(id="conv_1", external_id="t1", messages=MESSAGES))
    assert await other.refusal(AppendMessages(id="conv_1", text="mine?")) == (404, "not_found")
    assert (await other(IngestConversation(id="conv_1", external_id="t1", subject="Theirs")))["created"]
    assert (await desk(ReadConversation(id="conv_1")))["message_count"] == 3
    assert (await other(ListConversations(q="export")))["items"] == []


async def test_what_is_sent_in_with_a_batch_is_analysed_in_it(desk: Desk) -> None:
    said = [MessageInput(text="Thank you.", external_id="1")]
    items = [ConversationInput(external_id=str(number), messages=said) for number in range(3)]
    await desk(IngestConversation(items=[*items, ConversationInput(subject="nothing said yet")], batch_id="batch_mine"))
    await desk(IngestNote(title="Plan", body_md="Ship on Monday.", batch_id="batch_mine"))
    await desk.drain()
    state = await desk.bus.batch(desk.workspace, "batch_mine")
    assert (state["total"], state["done"]) == (4, 4)
    with pytest.raises(ValueError, match="batch_"):
        IngestConversation(items=items, batch_id="mine")


async def test_a_batch_of_another_workspace_is_not_joined(desk: Desk) -> None:
    """Whoever knew its id made it wait for work that it was never to see."""
    said = [MessageInput(text="Thank you.", external_id="1")]
    await desk(IngestConversation(messages=said, external_id="1", batch_id="batch_mine"))
    other = await desk.other("acme")
    sent = IngestConversation(messages=said, external_id="1", batch_id="batch_mine")
    assert await other.refusal(sent) == (422, "invalid_message")
    assert (await other(ListConversations()))["items"] == []
    await desk.drain()
    assert (await desk.bus.batch(desk.workspace, "batch_mine"))["total"] == 1


@pytest.mark.parametrize("order", [1, -1])
async def test_who_is_named_once_by_address_and_once_by_name_is_one_person(desk: Desk, order: int) -> None:
    """A transcript tells names, a calendar addresses. Of two who have a name nobody knows who is meant."""
    parts: list[list[Person | str]] = [
        ["Ann Lee", "Ben"],
        [Person("ann  lee", "ann@acme.example")],
        [Person("Ben", "ben@one.example"), Person("Ben", "ben@two.example")],
    ]
    for people in parts[::order]:
        saved = await desk(IngestConversation(external_id="t1", subject="Hello", participants=people))
    found = (await desk(ReadConversation(id=saved["id"])))["participants"]
    assert sorted((each.get("name"), each.get("email", "")) for each in found) == [
        ("Ben", ""), ("Ben", "ben@one.example"), ("Ben", "ben@two.example"), ("ann  lee", "ann@acme.example"),
    ]  # fmt: skip
