"""What belongs to an account: it is read by its id, and the lists of other things tell what is its."""

from typing import Any

import pytest
from needlework.bus.clock import rfc3339
from needlework.bus.errors import Refuse
from needlework.handlers.accounts.messages import AccountInput, IngestAccount, ListAccounts, ReadAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.meetings.messages import IngestMeeting, ListMeetings
from needlework.handlers.needle_movers.messages import (
    DecideEvidence,
    ListEvidence,
    ListNeedleMovers,
    NeedleMoverCandidate,
)
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
WORTH = {"Cato": 300.5, "acme": 4000, "Blue": None, "Dune": 300.5, "Echo": 0}


async def listed(desk: Desk, **asked: Any) -> list[str]:
    """The names of all pages, two accounts a page."""
    names: list[str] = []
    cursor = None
    while True:
        page = await desk(ListAccounts(limit=2, cursor=cursor, **asked))
        names += [each["name"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return names


async def test_accounts_are_listed_by_name_and_by_revenue_each_once(desk: Desk) -> None:
    items = [AccountInput(name=name, domains=[f"{name}.example"], mrr=mrr) for name, mrr in WORTH.items()]
    await desk(IngestAccount(items=items))
    other = await desk.other("other")
    await other(IngestAccount(name="Elsewhere", mrr=9))
    assert await listed(desk) == ["Echo", "Dune", "Blue", "acme", "Cato"]
    assert await listed(desk, order="name") == ["acme", "Blue", "Cato", "Dune", "Echo"]
    assert await listed(desk, order="revenue") == ["acme", "Dune", "Cato", "Echo", "Blue"], "unknown revenue is last"
    assert await listed(desk, order="revenue", q="example") == ["acme", "Dune", "Cato", "Echo", "Blue"]
    assert await listed(desk, order="name", q="cato.example") == ["Cato"]


async def test_a_cursor_of_another_order_is_refused(desk: Desk) -> None:
    await desk(IngestAccount(items=[AccountInput(name=name) for name in WORTH]))
    cursor = (await desk(ListAccounts(limit=2, order="name")))["next_cursor"]
    with pytest.raises(Refuse, match="not a cursor of this list"):
        await desk(ListAccounts(limit=2, order="revenue", cursor=cursor))


async def test_an_account_is_read_by_its_id_in_its_own_workspace(desk: Desk) -> None:
    await desk(IngestAccount(id="acct_acme", name="Acme", mrr=1.5))
    assert await desk(ReadAccount(id="acct_acme")) == (await desk(ListAccounts()))["items"][0]
    other = await desk.other("other")
    with pytest.raises(Refuse, match="no account 'acct_acme' in this workspace"):
        await other(ReadAccount(id="acct_acme"))


async def test_needle_movers_and_evidence_of_one_account(desk: Desk) -> None:
    """Only what is linked counts: what a person took away is none of the account's."""
    at = rfc3339(desk.clock.now())
    for name, text in EXPORTS:
        await desk(IngestAccount(id=f"acct_{name}", name=name, domains=[f"{name}.test"]))
        said = [MessageInput(text=text, sender=f"someone@{name}.test", sent_at=at)]
        await desk(IngestConversation(id=f"conv_{name}", channel="email", messages=said))
        await desk.drain()
        await desk.publish(NeedleMoverCandidate(entity_type="conversation", entity_id=f"conv_{name}"))
        await desk.drain()
    (mover,) = (await desk(ListNeedleMovers(account_id="acct_acme")))["items"]
    assert (await desk(ListNeedleMovers(account_id="acct_acme", status="resolved")))["items"] == []
    assert (await desk(ListNeedleMovers(account_id="acct_nobody")))["items"] == []
    proof = (await desk(ListEvidence(id=mover["id"], account_id="acct_acme")))["items"]
    assert proof
    assert {each["content_id"] for each in proof} == {"conv_acme"}
    for each in proof:
        await desk(DecideEvidence(id=mover["id"], evidence_id=each["id"], state="rejected"))
    assert (await desk(ListNeedleMovers(account_id="acct_acme")))["items"] == []
    assert len((await desk(ListNeedleMovers(account_id="acct_blue")))["items"]) == 1


async def test_meetings_of_an_account_by_what_was_said_and_by_who_takes_part(desk: Desk) -> None:
    await desk(IngestAccount(id="acct_acme", name="Acme", domains=["acme.test", 'q"uote.test']))
    said = [MessageInput(text="Hello.", sender="ann@acme.test", sent_at=1_700_000_000)]
    await desk(IngestConversation(id="conv_1", account_id="acct_acme", messages=said))
    meetings = {
        "held": IngestMeeting(title="held", conversation_id="conv_1"),
        "to come": IngestMeeting(title="to come", attendees=["Ann@acme.test", "us@home.test"]),
        "other": IngestMeeting(
            title="other", attendees=["acme@test.example", "x@sub.acme.test", "y@acme.test.example"]
        ),
        "ours": IngestMeeting(title="acme.test", attendees=["us@home.test"]),
    }
    for each in meetings.values():
        await desk(each)
    other = await desk.other("other")
    await other(meetings["to come"])
    found = (await desk(ListMeetings(account_id="acct_acme")))["items"]
    assert {each["title"] for each in found} == {"held", "to come"}
    found = (await desk(ListMeetings(account_id="acct_acme", q="hello", order="earliest")))["items"]
    assert {each["title"] for each in found} == {"held"}
