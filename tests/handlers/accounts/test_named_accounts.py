"""An account is named by its id or its external id, whoever names it and whenever: both mean the same one."""

from typing import Any

import pytest
from needlework.handlers.accounts.messages import (
    AccountInput,
    ContactInput,
    IngestAccount,
    IngestContact,
    ListAccounts,
    ListContacts,
)
from needlework.handlers.conversations import link
from needlework.handlers.conversations.messages import (
    ConversationInput,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
)

pytestmark = pytest.mark.anyio
Desk = Any
FERN = AccountInput(id="acct_fern", external_id="fernhill", name="Fernhill", mrr=4000.0)
SAID = [MessageInput(text="The export is slow.", sender="ann@mail.test", sent_at=1_700_000_000)]
ACCOUNT = IngestAccount(items=[FERN])
CONTACT = IngestContact(emails=["ann@mail.test"], account_id="fernhill")
HEARD = IngestConversation(id="conv_heard", channel="email", messages=SAID)
STATED = IngestConversation(id="conv_stated", channel="chat", account_id="fernhill")


async def owner(desk: Desk, conversation: str = "conv_heard") -> str | None:
    """The account of a conversation, once all is done."""
    await desk.drain()
    found: str | None = (await desk(ReadConversation(id=conversation)))["account_id"]
    return found


ORDERS = [
    (ACCOUNT, CONTACT, HEARD, STATED),
    (CONTACT, ACCOUNT, HEARD, STATED),
    (CONTACT, HEARD, STATED, ACCOUNT),
    (STATED, HEARD, ACCOUNT, CONTACT),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(type(each).__name__[6:] for each in order))
async def test_an_external_id_names_the_account_whichever_came_first(desk: Desk, order: tuple[Any, ...]) -> None:
    """`fernhill` was a second account without a name, and what its people said brought no revenue."""
    for message in order:
        await desk(message)
        await desk.drain()
    assert await owner(desk) == "acct_fern"
    assert await owner(desk, "conv_stated") == "acct_fern"
    (contact,) = (await desk(ListContacts()))["items"]
    assert contact["account_id"] == "acct_fern"
    assert len((await desk(ListAccounts()))["items"]) == 1


async def test_an_external_id_given_to_a_known_account_is_its_name_from_then_on(desk: Desk) -> None:
    await desk(IngestAccount(id="acct_fern", name="Fernhill"))
    for message in (CONTACT, HEARD, STATED):
        await desk(message)
    assert await owner(desk) is None
    await desk(ACCOUNT)
    assert [await owner(desk), await owner(desk, "conv_stated")] == ["acct_fern", "acct_fern"]


async def test_an_account_that_nobody_knows_gets_nothing_until_it_is_there(desk: Desk) -> None:
    """`nonexistent` was an account, by which others' reach was measured; it is kept, and means it once it comes."""
    await desk(IngestContact(emails=["ann@mail.test"], account_id="nonexistent"))
    await desk(HEARD)
    assert await owner(desk) is None
    (contact,) = (await desk(ListContacts()))["items"]
    assert contact["account_id"] == "nonexistent"
    saved = await desk(IngestAccount(external_id="nonexistent", name="New"))
    assert await owner(desk) == saved["id"]


async def test_a_contact_whose_account_is_changed_gives_back_what_it_gave(desk: Desk) -> None:
    """What the wrong account had got it kept, however often the right one was told."""
    items = [FERN, AccountInput(id="acct_else", name="Else", mrr=10.0)]
    await desk(IngestAccount(items=items))
    await desk(IngestContact(items=[ContactInput(emails=["ann@mail.test"], account_id="acct_else")]))
    await desk(HEARD)
    await desk(IngestConversation(id="conv_own", channel="email", account_id="acct_else", messages=SAID))
    assert [await owner(desk), await owner(desk, "conv_own")] == ["acct_else", "acct_else"]
    await desk(CONTACT)
    assert await owner(desk) == "acct_fern"
    assert await owner(desk, "conv_own") == "acct_else", "a conversation that states its account keeps it"
    assert (await desk(CONTACT))["unchanged"]


async def test_the_same_external_id_again_changes_nothing(desk: Desk) -> None:
    for message in (ACCOUNT, CONTACT, HEARD, STATED):
        await desk(message)
    await desk.drain()
    again = [await desk(message) for message in (ACCOUNT, CONTACT, HEARD, STATED)]
    flat = [each[0] if isinstance(each, list) else each for each in again]
    assert [each["unchanged"] for each in flat] == [True] * 4


async def test_a_page_of_conversations_after_the_other_comes_to_a_named_account(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No walk through a workspace in one transaction."""
    monkeypatch.setattr(link, "PAGE", 2)
    await desk(IngestConversation(items=[ConversationInput(id=f"conv_{n}", account_id="fernhill") for n in range(5)]))
    await desk(ACCOUNT)
    await desk.drain()
    assert len((await desk(ListConversations(account_id="acct_fern")))["items"]) == 5
    linked = (await desk.bus.messages(desk.workspace, topic="conversation.linked"))["items"]
    assert len(linked) == 5
