"""Accounts and people that come after what was said: all that was made from it comes to know whose it is."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from needlework.bus.clock import rfc3339
from needlework.bus.sql import Statement
from needlework.handlers.accounts.messages import AccountInput, ContactInput, IngestAccount, IngestContact
from needlework.handlers.conversations import link
from needlework.handlers.conversations.messages import (
    ConversationInput,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
)
from needlework.handlers.needle_movers import spans
from needlework.handlers.needle_movers.match_messages import ReprocessNeedleMovers
from needlework.handlers.needle_movers.messages import ListEvidence, ListNeedleMovers, NeedleMoverCandidate
from needlework.handlers.tasks import store
from needlework.handlers.tasks.messages import ListTasks, ReadTask, UpdateTask
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
MRR = {"acme": 4000.0, "blue": 1200.0, "cato": 300.0}
ACCOUNTS = [AccountInput(id=f"acct_{name}", name=name, domains=[f"{name}.test"], mrr=mrr) for name, mrr in MRR.items()]
SEND = "Send me the contract end date"
ASK = "Could you please send me the contract end date by Friday?"


async def settle(desk: Desk) -> None:
    """Until all is done, what was put off for a moment too."""
    await desk.drain()
    desk.clock.advance(20)
    await desk.drain()


async def mails(desk: Desk) -> None:
    """Three customers say the same, one asks for something; analysed and matched."""
    at = rfc3339(desk.clock.now())
    for name, text in EXPORTS:
        asked = [ASK] if name == "acme" else []
        said = [MessageInput(text=each, sender=f"someone@{name}.test", sent_at=at) for each in [text, *asked]]
        await desk(IngestConversation(id=f"conv_{name}", channel="email", messages=said))
        await desk.drain()
        await desk.publish(NeedleMoverCandidate(entity_type="conversation", entity_id=f"conv_{name}"))
        await desk.drain()


async def shown(desk: Desk) -> dict[str, Any]:
    """All that tells whose something is, without ids and times that differ from run to run."""
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    proof = (await desk(ListEvidence(id=mover["id"])))["items"]
    return {
        "impact": (mover["impact"], mover["impact_breakdown"]),
        "summary": (mover["summary_short"], mover["summary_long"]),
        "accounts": mover["accounts"],
        "evidence": sorted((each["span"]["quote"], each["account_id"]) for each in proof),
        "tasks": sorted((each["title"], each["account_id"]) for each in (await desk(ListTasks()))["items"]),
        "of acme": [
            sorted(each["id"] for each in (await desk(ListConversations(account_id="acct_acme")))["items"]),
            sorted(each["title"] for each in (await desk(ListTasks(account_id="acct_acme")))["items"]),
        ],
    }


async def by_domains(desk: Desk) -> None:
    await desk(IngestAccount(items=ACCOUNTS))


async def by_accounts_alone(desk: Desk) -> None:
    await desk(IngestAccount(items=[AccountInput(id=each.id, name=each.name, mrr=each.mrr) for each in ACCOUNTS]))


async def by_domains_given_later(desk: Desk) -> None:
    await by_accounts_alone(desk)
    await settle(desk)
    await desk(IngestAccount(items=[AccountInput(id=each.id, domains=each.domains) for each in ACCOUNTS]))


async def by_people(desk: Desk) -> None:
    await by_accounts_alone(desk)
    people = [ContactInput(emails=[f"Someone@{name}.test"], account_id=f"acct_{name}") for name in MRR]
    await desk(IngestContact(items=people))


async def by_people_whose_account_is_told_later(desk: Desk) -> None:
    await desk(IngestContact(items=[ContactInput(emails=[f"someone@{name}.test"]) for name in MRR]))
    await settle(desk)
    await by_people(desk)


async def by_conversations(desk: Desk) -> None:
    """A program says itself whose a conversation is."""
    await by_accounts_alone(desk)
    items = [ConversationInput(id=f"conv_{name}", account_id=f"acct_{name}") for name in MRR]
    await desk(IngestConversation(items=items))


WAYS: list[Callable[[Desk], Awaitable[None]]] = [
    by_domains,
    by_domains_given_later,
    by_people,
    by_people_whose_account_is_told_later,
    by_conversations,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_accounts_are_told_afterwards_is_as_if_they_had_come_first(
    desk: Desk, open_desk: Any, tmp_path: Any, clock: Any, way: Callable[[Desk], Awaitable[None]]
) -> None:
    """Movers without revenue, evidence of nobody, tasks without account: until the next reanalysis, or for ever."""
    await mails(desk)
    await way(desk)
    await settle(desk)
    late = await shown(desk)
    (tmp_path / "first").mkdir()
    async with open_desk(tmp_path / "first", clock) as other:
        await other(IngestAccount(items=ACCOUNTS))
        await mails(other)
        await settle(other)
        first = await shown(other)
    assert first["accounts"] == 3
    assert first["of acme"] == [["conv_acme"], [title for title, owner in first["tasks"] if owner == "acct_acme"]]
    assert late == first


async def told(desk: Desk, topic: str) -> int:
    """How many messages of a topic there were."""
    return len((await desk.bus.messages(desk.workspace, topic=topic))["items"])


async def test_the_same_accounts_and_people_again_tell_nobody(desk: Desk) -> None:
    await mails(desk)
    await by_people(desk)
    await by_domains(desk)
    await settle(desk)
    topics = ("conversation.link", "conversation.linked", "needle_movers.measure_all", "needle_mover")
    before = [await told(desk, topic) for topic in topics]
    await by_people(desk)
    await by_domains(desk)
    await settle(desk)
    assert [await told(desk, topic) for topic in topics] == before


async def test_a_crash_between_two_pages_links_the_rest_and_tells_each_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No walk through a workspace in one transaction: what was committed before stays, and is not told again."""
    said = [MessageInput(text="Hello.", sender="ann@acme.test", sent_at=1_700_000_000)]
    await desk(IngestConversation(items=[ConversationInput(id=f"conv_{n}", messages=said) for n in range(7)]))
    await desk(IngestAccount(id="acct_acme", name="Acme"))
    monkeypatch.setattr(link, "PAGE", 2)
    whole, pages = link._link, []

    async def fails_once(ctx: Any, ids: list[str]) -> int:
        pages.append(len(ids))
        if len(pages) == 3:
            raise RuntimeError("broken off")
        return await whole(ctx, ids)

    monkeypatch.setattr(link, "_link", fails_once)
    await desk(IngestAccount(id="acct_acme", domains=["acme.test"]))
    await desk.drain()
    assert len((await desk(ListConversations(account_id="acct_acme")))["items"]) == 4
    desk.clock.advance(60)
    await desk.drain()
    assert pages == [2, 2, 2, 2, 1]
    assert len((await desk(ListConversations(account_id="acct_acme")))["items"]) == 7
    assert await told(desk, "conversation.linked") == 7


async def test_whose_a_conversation_is_does_not_depend_on_which_account_came_first(desk: Desk) -> None:
    """A contact's address says more than a domain, the first of those who take part more than the next."""
    said = [MessageInput(text="Hello.", sender="ann@blue.test", sent_at=1_700_000_000)]
    people = ["ann@blue.test", "ben@acme.test"]
    await desk(IngestConversation(id="conv_domains", participants=people, messages=said))
    await desk(IngestConversation(id="conv_people", participants=["ann@blue.test", "eve@mail.test"], messages=said))
    await desk(IngestConversation(id="conv_told", account_id="acct_else", participants=people, messages=said))
    contact = ContactInput(emails=["eve@mail.test"], account_id="acct_cato")
    await desk.bus.pause("content", "test")
    for message in (IngestAccount(items=ACCOUNTS), IngestContact(items=[contact])):
        await desk.publish(message)
    await desk.bus.resume("content", "test")
    await settle(desk)
    owners = [(await desk(ReadConversation(id=f"conv_{n}")))["account_id"] for n in ("domains", "people", "told")]
    assert owners == ["acct_blue", "acct_cato", "acct_else"], "what a person has linked stays"


async def test_a_task_that_a_person_gave_to_another_account_stays_there(desk: Desk) -> None:
    await mails(desk)
    (task,) = [each for each in (await desk(ListTasks()))["items"] if each["title"] == SEND]
    await desk(UpdateTask(id=task["id"], account_id="acct_else"))
    await by_domains(desk)
    await settle(desk)
    assert [each["id"] for each in (await desk(ListTasks(account_id="acct_else")))["items"]] == [task["id"]]


async def test_two_suggestions_of_nobody_that_are_one_of_the_account_become_one(desk: Desk) -> None:
    """Two who ask for the same are two customers, until they turn out to be one."""
    for name in ("ann@acme.test", "ben@acme.example"):
        said = [MessageInput(text=ASK, sender=name, sent_at=rfc3339(desk.clock.now()))]
        owner = "acct_first" if name.startswith("ann") else None
        await desk(IngestConversation(channel="email", account_id=owner, messages=said))
        await desk.drain()
    assert sorted(each["status"] for each in (await desk(ListTasks()))["items"]) == ["suggested", "suggested"]
    await desk(IngestAccount(id="acct_first", domains=["acme.example"]))
    await settle(desk)
    found = (await desk(ListTasks(account_id="acct_first", status="suggested")))["items"]
    assert len(found) == 1
    assert len((await desk(ListTasks(status="suggested")))["items"]) == 1


async def test_one_suggestion_of_nobody_is_one_of_each_account_that_asked(desk: Desk) -> None:
    """Three who ask for the same were one customer, whose one task was then that of whoever was known first."""
    for name in MRR:
        said = [MessageInput(text=ASK, sender=f"ann@{name}.test", sent_at=rfc3339(desk.clock.now()))]
        await desk(IngestConversation(id=f"conv_{name}", channel="email", messages=said))
        await desk.drain()
    assert len((await desk(ListTasks()))["items"]) == 1
    for account in ACCOUNTS[::-1]:
        await desk(IngestAccount(items=[account]))
        await settle(desk)
    found = [await desk(ReadTask(id=each["id"])) for each in (await desk(ListTasks(status="suggested")))["items"]]
    proof = {each["account_id"]: [proof["content_id"] for proof in each["evidence"]] for each in found}
    assert proof == {f"acct_{name}": [f"conv_{name}"] for name in MRR}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("module", "name", "what", "words"),
    [(spans, "_vectors", "evidence", EXPORTS[0][1]), (store, "vector", "tasks", SEND)],
)
async def test_an_account_that_comes_while_something_is_made_is_known_to_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, what: str, words: str
) -> None:
    """What was read before the account came was stored after it, and nobody came to tell it."""
    whole = getattr(module, name)

    async def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(module, name, whole)
        give = Statement("UPDATE conversations SET account_id = 'acct_acme' WHERE id = 'conv_acme'")
        await desk.bus.store.write([give])
        return await whole(*arguments)

    monkeypatch.setattr(module, name, meanwhile)
    await mails(desk)
    await settle(desk)
    assert getattr(module, name) is whole
    assert (words, "acct_acme") in (await shown(desk))[what]


async def test_reprocessing_measures_anew_what_has_another_account(desk: Desk) -> None:
    """It looked up whose the evidence is, and left the impact as it was."""
    await mails(desk)
    (before,) = (await desk(ListNeedleMovers()))["items"]
    await by_accounts_alone(desk)
    await settle(desk)
    give = Statement("UPDATE conversations SET account_id = replace(id, 'conv_', 'acct_')")
    await desk.bus.store.write([give])
    await desk(ReprocessNeedleMovers(from_=0, until=desk.clock.now() // 1_000_000 + 1))
    (after,) = (await desk(ListNeedleMovers()))["items"]
    assert after["accounts"] == 3
    assert before["impact_breakdown"]["components"].get("revenue", 0) == 0
    assert after["impact_breakdown"]["components"]["revenue"] > 0.9
