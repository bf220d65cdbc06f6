"""Threads of mails: whichever mail comes first, in however many imports, there is one conversation."""

import sqlite3
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.bus.clock import rfc3339
from needlework.handlers.accounts.messages import AccountInput, IngestAccount
from needlework.handlers.conversations import store
from needlework.handlers.conversations.messages import (
    AppendMessages,
    ConversationInput,
    IngestConversation,
    ListConversations,
    MessageInput,
    ReadConversation,
)
from needlework.handlers.formats import mail
from needlework.handlers.formats.items import Item
from needlework.handlers.labels.messages import DecideContentLabel, ListContentLabels
from needlework.handlers.needle_movers.messages import DecideEvidence, ListEvidence, ListNeedleMovers
from needlework.handlers.notes.messages import IngestNote, ReadNote
from needlework.handlers.system.dead_messages import ListDead
from needlework.handlers.tasks.messages import AcceptTask, ListTasks, ReadTask
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
CHAIN = [
    ("a", "", "The export"),
    ("b", "a", "Re: The export"),
    ("c", "b", "RE: The export"),
    ("d", "c", "AW: RE: The export"),
]


def written(
    name: str, answers: str, subject: str, *, day: int, thread: str = "", headers: str = ""
) -> ConversationInput:
    """A mail as a mailbox holds it, read: `answers` is the one that In-Reply-To names."""
    lines = [
        f"Message-ID: <{name}{thread}@mail.example>",
        f"Subject: {subject}",
        f"From: {name}@acme.example",
        f"Date: Mon, {day} Mar 2026 09:00:00 +0000",
        *([f"In-Reply-To: <{answers}{thread}@mail.example>"] if answers else []),
        *([headers] if headers else []),
    ]
    data = "\r\n".join([*lines, "", f"This is what {name} writes."]).encode()
    found = mail.conversation(data, received=datetime(2026, 4, 1, tzinfo=UTC))
    assert isinstance(found, Item)
    return msgspec.convert(found.data, ConversationInput)


def thread(name: str = "") -> list[ConversationInput]:
    """Four mails, each of which names the one before and no other."""
    return [written(*each, day=2 + number, thread=name) for number, each in enumerate(CHAIN)]


async def conversations(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk(ListConversations(limit=500)))["items"]
    return found


@pytest.mark.parametrize("at_once", [True, False], ids=["one import", "an import each"])
async def test_mails_that_name_only_what_they_answer_are_one_thread_in_any_order(desk: Desk, at_once: bool) -> None:
    """The third mail was a conversation of its own, and the subject was whatever came last."""
    await desk.bus.pause("conversation_note_analysis_processor", "test")
    orders = list(permutations(range(4)))[:: 1 if at_once else 5]
    for number, order in enumerate(orders):
        mails = thread(str(number))
        items = [mails[each] for each in order]
        for part in [items] if at_once else [[each] for each in items]:
            await desk(IngestConversation(items=part))
    found = await conversations(desk)
    assert len(found) == len(orders)
    assert {each["message_count"] for each in found} == {4}
    assert {each["subject"] for each in found} == {"The export"}
    for each in found:
        read = await desk(ReadConversation(id=each["id"]))
        assert [message["text"] for message in read["messages"]] == [f"This is what {name} writes." for name in "abcd"]
        assert (read["started_at"], read["last_message_at"]) == ("2026-03-02T09:00:00Z", "2026-03-05T09:00:00Z")
        assert len(read["participants"]) == 4


async def test_the_same_mails_again_are_unchanged_and_nothing_is_written(desk: Desk) -> None:
    """Each import of the same file changed the subject with each mail, to what it was before."""
    mails = thread()
    await desk(IngestConversation(items=mails))
    await desk.drain()
    before = await conversations(desk)
    analysed = len((await desk.bus.messages(desk.workspace, topic="conversation_note_analysis"))["items"])
    desk.clock.advance(60)
    for again in (mails, mails[::-1]):
        assert {each["unchanged"] for each in await desk(IngestConversation(items=again))} == {True}
    await desk.drain()
    assert await conversations(desk) == before
    assert len((await desk.bus.messages(desk.workspace, topic="conversation_note_analysis"))["items"]) == analysed


async def test_a_first_mail_that_is_corrected_takes_its_subject_along(desk: Desk) -> None:
    mails = thread()
    await desk(IngestConversation(items=mails))
    await desk(IngestConversation(items=[msgspec.structs.replace(mails[0], subject="The CSV export")]))
    await desk(IngestConversation(items=[msgspec.structs.replace(mails[2], subject="Quite another one")]))
    (found,) = await conversations(desk)
    assert found["subject"] == "The CSV export"


async def test_a_later_export_of_slack_does_not_rename_a_thread(desk: Desk) -> None:
    """An export that begins after a thread's first message knows no better name than "a thread"."""
    first = MessageInput(text="Who takes the rota?", sender="Ann", sent_at=1_700_000_000, external_id="1700000000.1")
    answer = MessageInput(text="I do.", sender="Bob", sent_at=1_700_000_900, external_id="2", reply_to="1700000000.1")
    place: dict[str, Any] = {"external_id": "slack:C1:1700000000.1", "channel": "slack"}
    await desk(IngestConversation(**place, subject="#general: Who takes the rota?", messages=[first]))
    await desk(IngestConversation(**place, subject="#general: a thread", messages=[answer]))
    (found,) = await conversations(desk)
    assert (found["subject"], found["message_count"]) == ("#general: Who takes the rota?", 2)


async def test_what_names_no_mail_joins_nothing(desk: Desk) -> None:
    """Numbers that count the messages of each conversation, somebody's address, mails of another mailbox."""
    said = MessageInput(text="Hello.", external_id="1", sent_at=1_700_000_000)
    for name in ("t1", "t2"):
        await desk(IngestConversation(external_id=name, channel="email", messages=[said]))
        await desk(IngestConversation(external_id=f"{name}@chat.example", channel="chat", messages=[said]))
    who = "In-Reply-To: Message from a@acme.example <a@acme.example> of Monday"
    for name in "ef":
        await desk(IngestConversation(items=[written(name, "", "Hi", day=2, headers=f"{who}\r\nTo: <A@acme.example>")]))
    mails = [msgspec.structs.replace(each, connection_id=f"conn_{number}") for number, each in enumerate(thread())]
    await desk(IngestConversation(items=mails))
    assert len(await conversations(desk)) == 2 + 2 + 2 + 4


async def test_a_mail_added_by_hand_is_answered_like_any_other(desk: Desk) -> None:
    mails = thread()
    first = (await desk(IngestConversation(items=mails[:1])))[0]["id"]
    await desk(AppendMessages(id=first, items=mails[1].messages))
    (saved,) = await desk(IngestConversation(items=mails[2:3]))
    assert (saved["id"], saved["created"]) == (first, False)


def said(name: str, answers: str, text: str, at: int, sender: str) -> ConversationInput:
    """A mail as a program sends it in."""
    sent = MessageInput(
        text=text, sender=sender, sent_at=rfc3339(at), external_id=f"{name}@x.example", reply_to=f"{answers}@x.example"
    )
    return ConversationInput(external_id=f"{answers}@x.example", channel="email", subject=name, messages=[sent])


async def test_parts_that_become_one_keep_what_was_made_of_them_and_what_people_decided(desk: Desk) -> None:
    """A mail between two others may come last: labels, evidence, tasks and notes of both are the thread's then."""
    at = desk.clock.now()
    await desk(IngestAccount(items=[AccountInput(id=f"acct_{name}", domains=[f"{name}.test"]) for name, _ in EXPORTS]))
    for number, (name, text) in enumerate(EXPORTS[1:]):
        await desk(IngestConversation(items=[said(f"o{number}", f"p{number}", text, at, f"x@{name}.test")]))
    ask = "Could you please send me the contract end date by Friday?"
    head = said("a", "root", EXPORTS[0][1], at, "ann@acme.test")
    tail = said("c", "b", ask, at + 2_000_000, "someone@nowhere.test")
    saved = await desk(IngestConversation(items=[head, tail]))
    into, part = (each["id"] for each in saved)
    await desk.drain()
    (label,) = (await desk(ListContentLabels(content_id=part, label="action_items")))["items"]
    await desk(DecideContentLabel(id=label["id"], state="confirmed"))
    (task,) = [each for each in (await desk(ListTasks()))["items"] if each["title"].startswith("Send")]
    await desk(AcceptTask(id=task["id"]))
    note = await desk(IngestNote(title="About it", body_md="They wait.", conversation_id=part))
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    proof = {each["content_id"]: each for each in (await desk(ListEvidence(id=mover["id"])))["items"]}
    await desk(DecideEvidence(id=mover["id"], evidence_id=proof[into]["id"], state="linked"))
    desk.clock.advance(5)
    (between,) = await desk(IngestConversation(items=[said("b", "a", "Thanks.", at + 1_000_000, "us@home.test")]))
    await desk.drain()
    assert (between["id"], between["created"]) == (into, False)
    assert len(await conversations(desk)) == 3
    for id_ in (into, part):  # who kept the address of the part finds the thread
        read = await desk(ReadConversation(id=id_))
        assert (read["id"], read["message_count"], read["account_id"]) == (into, 3, "acct_acme")
        assert [each["text"] for each in read["messages"]] == [EXPORTS[0][1], "Thanks.", ask]
        assert (label["id"], "confirmed") in {(each["id"], each["state"]) for each in read["labels"]}
    kept = await desk(ReadTask(id=task["id"]))
    assert (kept["status"], kept["account_id"]) == ("open", "acct_acme")
    assert [each["content_id"] for each in kept["evidence"]] == [into]
    assert (await desk(ReadNote(id=note["id"])))["conversation_id"] == into
    after = (await desk(ListEvidence(id=mover["id"])))["items"]
    assert {each["id"] for each in proof.values()} < {each["id"] for each in after}
    assert {each["content_id"] for each in after} == {into, *proof}
    (follows,) = [each for each in after if each["span"]["quote"] == ask]
    assert follows["provenance"] == "rule", "it stands in the thread of what a person linked"
    assert (await desk(ListDead()))["items"] == []
    assert {each["unchanged"] for each in await desk(IngestConversation(items=[head, tail]))} == {True}


def told(external_id: str | None, name: str, answers: str | None = None, **fields: Any) -> ConversationInput:
    """A mail in a conversation that a program of the user's own calls by an id of its own."""
    ids = {"external_id": f"{name}@x", "reply_to": answers and f"{answers}@x"}
    said = MessageInput(text=name, sender=f"{name}@c.example", **ids)
    return ConversationInput(external_id=external_id, channel="email", messages=[said], **fields)


async def test_the_external_id_of_a_conversation_that_was_joined_means_the_one_that_it_is_now(desk: Desk) -> None:
    """It was forgotten: whatever came by it next was a conversation of its own."""
    for each in (told("ticket-1", "a"), told("ticket-2", "b"), told("ticket-2", "c", answers="a")):
        await desk(IngestConversation(items=[each]))
    (into,) = await conversations(desk)
    closed = ConversationInput(external_id="ticket-2", status="closed")
    for each in (told("ticket-2", "d"), closed):
        assert await desk(IngestConversation(items=[each])) == [{"id": into["id"], "created": False}]
    (now,) = await conversations(desk)
    assert (now["message_count"], now["status"]) == (4, "closed")
    apart = told("ticket-2", "e", connection_id="conn_other")
    assert (await desk(IngestConversation(items=[apart])))[0]["created"], "ids of another connection are others"


async def test_a_conversation_without_external_id_takes_that_of_one_that_becomes_a_part_of_it(desk: Desk) -> None:
    """Both had it for a moment: the import failed until it was dead, with all that was sent in beside it."""
    for each in (told(None, "a"), told("ticket-1", "b")):
        await desk(IngestConversation(items=[each]))
    (saved,) = await desk(IngestConversation(items=[told("ticket-1", "c", answers="a")]))
    (now,) = await conversations(desk)
    assert (now["id"], now["message_count"]) == (saved["id"], 3)
    assert (await desk(IngestConversation(items=[told("ticket-1", "d")])))[0]["id"] == now["id"]


def test_mails_that_were_stored_before_threads_were_known_are_found_by_their_ids() -> None:
    """A mail's own place says more than where it is named: two that were torn apart are joined by what comes next."""
    connection = sqlite3.connect(":memory:")
    *before, threads = sorted((Path(store.__file__).parent / "migrations").glob("*.sql"))[:6]
    for path in before:
        connection.executescript(path.read_text())
    columns = "id, workspace_id, channel, external_id, started_at, last_message_at, created_at, updated_at"
    connection.executemany(
        f"INSERT INTO conversations ({columns}) VALUES (?, 1, ?, ?, 0, 0, 0, 0)",
        [("conv_2", "email", "b@x"), ("conv_1", "email", "a@x"), ("conv_3", "chat", "d@x")],
    )
    columns = (
        "id, workspace_id, conversation_id, identity, external_id, reply_to, sent_at, text, content_hash, created_at"
    )
    connection.executemany(
        f"INSERT INTO conversation_messages ({columns}, updated_at) VALUES (?1, 1, ?2, ?3, ?3, ?4, 0, '', '', 0, 0)",
        [("m1", "conv_1", "a@x", None), ("m2", "conv_1", "b@x", "a@x"), ("m3", "conv_2", "c@x", "b@x"),
         ("m4", "conv_2", "7", "9"), ("m5", "conv_3", "e@x", "d@x")],
    )  # fmt: skip
    connection.executescript(threads.read_text())
    found = connection.execute("SELECT mail, conversation_id FROM conversation_threads ORDER BY mail").fetchall()
    connection.close()
    assert found == [("a@x", "conv_1"), ("b@x", "conv_1"), ("c@x", "conv_2")]
