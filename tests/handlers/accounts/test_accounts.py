"""Accounts, their contacts, and meetings: stated fields replace, the rest stays."""

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
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, ReadConversation
from needlework.handlers.meetings.messages import IngestMeeting, ListMeetings, MeetingInput
from needlework.handlers.words import plain_domain

pytestmark = pytest.mark.anyio
Desk = Any


async def test_an_account_is_upserted_by_its_external_id(desk: Desk) -> None:
    first = await desk(IngestAccount(external_id="a1", name="Acme", mrr=100, domains=["acme.example"]))
    assert first["created"]
    again = await desk(IngestAccount(external_id="a1", mrr=200, domains=["ACME.example", "acme.test"]))
    assert again == {"id": first["id"], "created": False}
    (account,) = (await desk(ListAccounts()))["items"]
    assert (account["name"], account["mrr"], account["status"]) == ("Acme", 200, "active")
    assert account["domains"] == ["acme.example", "acme.test"]


async def test_the_same_account_again_changes_nothing(desk: Desk) -> None:
    message = IngestAccount(external_id="a1", name="Acme", domains=["acme.example"])
    await desk(message)
    before = await desk(ListAccounts())
    desk.clock.advance(60)
    await desk(message)
    assert await desk(ListAccounts()) == before


async def test_a_contact_is_known_by_any_of_its_addresses(desk: Desk) -> None:
    first = await desk(IngestContact(emails=["Ann@acme.example"], name="Ann"))
    again = await desk(IngestContact(emails=["ann@private.example", "ann@acme.example"], account_id="acct_1"))
    assert again == {"id": first["id"], "created": False}
    (contact,) = (await desk(ListContacts(account_id="acct_1")))["items"]
    assert (contact["name"], contact["emails"]) == ("Ann", ["ann@acme.example", "ann@private.example"])


async def test_lists_are_saved_in_order_and_searched(desk: Desk) -> None:
    items = [AccountInput(name=f"Firm {number} 100%") for number in range(5)]
    saved = await desk(IngestAccount(items=items))
    assert [each["created"] for each in saved] == [True] * 5
    page = await desk(ListAccounts(limit=3))
    rest = await desk(ListAccounts(limit=3, cursor=page["next_cursor"]))
    names = [each["name"] for each in page["items"] + rest["items"]]
    assert names == [f"Firm {number} 100%" for number in reversed(range(5))]
    assert len((await desk(ListAccounts(q="3 100%")))["items"]) == 1
    assert (await desk(ListAccounts(q="_")))["items"] == []


async def test_a_meeting_is_upserted(desk: Desk) -> None:
    first = await desk(
        IngestMeeting(external_id="uid/1", title="Review", start=1_700_000_000, attendees=["ann@acme.example"])
    )
    await desk(IngestMeeting(external_id="uid/1", status="cancelled"))
    (meeting,) = (await desk(ListMeetings(q="review")))["items"]
    assert meeting["id"] == first["id"]
    assert (meeting["start"], meeting["status"]) == ("2023-11-14T22:13:20Z", "cancelled")
    assert meeting["attendees"] == [{"email": "ann@acme.example"}]


async def test_many_contacts_of_one_list_may_be_one(desk: Desk) -> None:
    """A list may say the same person twice; the second finds what the first has saved."""
    items = [ContactInput(emails=["ann@acme.example"]), ContactInput(emails=["ann@acme.example"], name="Ann")]
    first, second = await desk(IngestContact(items=items))
    assert (first["id"], second["created"]) == (second["id"], False)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (AccountInput, {}),
        (AccountInput, {"id": "nm_1"}),
        (ContactInput, {"name": "Ann"}),
        (MeetingInput, {"title": "x", "start": 20, "end": 10}),
        (MeetingInput, {"title": "x", "start": "whenever"}),
    ],
)
def test_what_cannot_be_told_from_others_is_refused(kind: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        kind(**fields)


async def test_a_table_without_ids_that_comes_twice_makes_no_second_account(desk: Desk) -> None:
    """Each import of the same customers doubled them, and their revenue."""
    rows = [
        AccountInput(name="Northbay", domains=["northbay.example"], mrr=500),
        AccountInput(name="Fjord", domains=[]),
    ]
    first = await desk(IngestAccount(items=rows))
    again = await desk(IngestAccount(items=[AccountInput(name="Northbay", domains=["Northbay.example"], mrr=700)]))
    assert (again[0]["id"], again[0]["created"]) == (first[0]["id"], False)
    (northbay,) = (await desk(ListAccounts(q="northbay")))["items"]
    assert northbay["mrr"] == 700
    named = await desk(IngestAccount(items=[AccountInput(external_id="crm-1", domains=["northbay.example"])]))
    assert named[0]["created"], "who is named by an id is who the id says"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme.example", "acme.example "),
        ("acme.example", "@acme.example"),
        ("acme.example", "https://www.ACME.example/about?x=1"),
        ("acme.example.", "www.acme.example:443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("sales@acme.example", "acme.example"),
    ],
)
async def test_two_spellings_of_a_domain_are_one_account_in_a_list_and_after_it(
    desk: Desk, one: str, other: str
) -> None:
    """Both rows of a table were new, so there were two, each with its revenue."""
    rows = [AccountInput(name="Acme", domains=[one], mrr=500), AccountInput(name="ACME", domains=[other])]
    first, second = await desk(IngestAccount(items=rows))
    (third,) = await desk(IngestAccount(items=[AccountInput(name="Acme", domains=[other, "acme.test"])]))
    assert (second["id"], third["id"], second["created"], third["created"]) == (first["id"], first["id"], False, False)
    (account,) = (await desk(ListAccounts()))["items"]
    assert account["domains"] == [plain_domain(one), "acme.test"]
    said = [MessageInput(text="Hello.", sender=f"ann@{one.rpartition('@')[2].strip('. ')}", sent_at=1_700_000_000)]
    saved = await desk(IngestConversation(channel="email", messages=said))
    assert (await desk(ReadConversation(id=saved["id"])))["account_id"] == first["id"]


@pytest.mark.parametrize("text", ["", " ", "@", "https://", "a" * 5000 + "ü", "ü..example", "\x00"])
def test_what_is_no_domain_is_no_error(text: str) -> None:
    assert plain_domain(text) == plain_domain(plain_domain(text))
