"""Lists: newest activity first, page by page, by words, by channel, by account."""

from typing import Any

import pytest
from needlework.bus.errors import Refuse
from needlework.handlers.accounts.messages import IngestAccount, IngestContact
from needlework.handlers.conversations.messages import (
    AppendMessages,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
    TickConversations,
)

pytestmark = pytest.mark.anyio
Desk = Any


async def make(desk: Desk, count: int) -> list[str]:
    """Conversations of one message each, a minute apart; ids from oldest to newest."""
    ids = []
    for number in range(count):
        text = MessageInput(text=f"message {number} about refunds", sent_at=1_700_000_000 + 60 * (number // 2))
        channel = "email" if number % 2 else "chat"
        ids.append((await desk(IngestConversation(channel=channel, messages=[text])))["id"])
    return ids


async def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    ids = await make(desk, 7)
    found, cursor = [], None
    while True:
        page = await desk(ListConversations(limit=2, cursor=cursor))
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted(ids)
    times = [(await desk(ReadConversation(id=each)))["last_message_at"] for each in found]
    assert times == sorted(times, reverse=True)


async def test_search_finds_words_in_texts_and_subjects_in_any_form(desk: Desk) -> None:
    ids = await make(desk, 2)
    subject = await desk(IngestConversation(subject="Refund for Zoë"))
    found = await desk(ListConversations(q="refund"))
    assert {each["id"] for each in found["items"]} == {*ids, subject["id"]}
    assert [each["id"] for each in (await desk(ListConversations(q="zoe")))["items"]] == [subject["id"]]
    assert (await desk(ListConversations(q="refund nothere")))["items"] == []
    assert (await desk(ListConversations(q='"; DROP TABLE (')))["items"] == []


async def test_filters_narrow_together(desk: Desk) -> None:
    ids = await make(desk, 4)
    found = await desk(ListConversations(channel="email", q="refunds"))
    assert {each["id"] for each in found["items"]} == {ids[1], ids[3]}


async def test_a_cursor_of_elsewhere_is_refused(desk: Desk) -> None:
    with pytest.raises(Refuse, match="cursor"):
        await desk(ListConversations(cursor="nonsense"))


async def test_messages_of_a_long_conversation_come_in_pages(desk: Desk) -> None:
    texts = [MessageInput(text=str(number), sent_at=1_700_000_000 + number // 3) for number in range(10)]
    saved = await desk(IngestConversation(messages=texts))
    first = await desk(ReadConversation(id=saved["id"], limit=4))
    second = await desk(ReadConversation(id=saved["id"], limit=4, cursor=first["next_cursor"]))
    third = await desk(ReadConversation(id=saved["id"], limit=4, cursor=second["next_cursor"]))
    said = [each["text"] for page in (first, second, third) for each in page["messages"]]
    assert said == [str(number) for number in range(10)]
    assert third["next_cursor"] is None


async def test_an_unknown_conversation_is_404(desk: Desk) -> None:
    with pytest.raises(Refuse) as refused:
        await desk(ReadConversation(id="conv_none"))
    assert refused.value.status == 404


async def test_a_conversation_belongs_to_the_account_of_its_people(desk: Desk) -> None:
    """By a contact's address, by the account's domain, and also where the account comes later."""
    hello = MessageInput(text="hello", sender="ann@acme.example", external_id="1")
    early = await desk(IngestConversation(messages=[hello]))
    acme = await desk(IngestAccount(name="Acme", domains=["Acme.example"]))
    await desk.drain()
    late = await desk(IngestConversation(messages=[hello]))
    blue = await desk(IngestAccount(name="Blue"))
    await desk(IngestContact(emails=["Ben@private.example"], account_id=blue["id"]))
    known = await desk(IngestConversation(messages=[MessageInput(text="hi", sender="ben@private.example")]))
    accounts = [(await desk(ReadConversation(id=each["id"])))["account_id"] for each in (early, late, known)]
    assert accounts == [acme["id"], acme["id"], blue["id"]]
    found = await desk(ListConversations(account_id=blue["id"]))
    assert [each["id"] for each in found["items"]] == [known["id"]]


async def test_a_closed_conversation_opens_when_something_is_said(desk: Desk) -> None:
    await desk(IngestConversation(id="conv_1", messages=[MessageInput(text="hi", sent_at=1_700_000_000)]))
    assert (await desk(TickConversations()))["closed"] == 1
    assert (await desk(ReadConversation(id="conv_1")))["status"] == "closed"
    await desk(AppendMessages(id="conv_1", text="one more thing"))
    assert (await desk(ReadConversation(id="conv_1")))["status"] == "open"
