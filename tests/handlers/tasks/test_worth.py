"""Suggestions that a busy person is glad to see: whose they are, what they are called, and what is left out."""

from typing import Any

import pytest
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, Person
from needlework.handlers.needle_movers.messages import CreateNeedleMover
from needlework.handlers.tasks.messages import ListTasks, ReadTask, SuggestTask
from needlework.handlers.tasks.pointing import with_subject

pytestmark = pytest.mark.anyio
Desk = Any
ADA, BOB = Person(name="Ada Lind", email="a.lind@larkfield.example"), Person(name="Bob Ruiz", email="bob@us.example")
SAID = "2025-11-21T10:00:00Z"  # a Friday


async def talk(desk: Desk, *said: tuple[Person, str], facts: dict[str, Any] | None = None, **fields: Any) -> None:
    """A conversation, analysed."""
    messages = [
        MessageInput(text=text, sender=who, sent_at=SAID, external_id=str(number), facts=facts or {})
        for number, (who, text) in enumerate(said)
    ]
    await desk(IngestAccount(id="acct_1", name="Larkfield", domains=["larkfield.example"]))
    await desk(IngestConversation(**{"id": "conv_1", "participants": [ADA, BOB], "messages": messages, **fields}))
    await desk.drain()


async def tasks(desk: Desk, **fields: Any) -> dict[str, dict[str, Any]]:
    return {each["title"]: each for each in (await desk(ListTasks(status="suggested", **fields)))["items"]}


async def test_of_two_people_each_has_what_they_promise_and_what_they_are_asked(desk: Desk) -> None:
    """A promise was nobody's unless its label was that of a request, and a request was nobody's at all."""
    said = ("Can you send me the price list by Friday?", "I will call the supplier tomorrow.", "Hope you are well!")
    await talk(desk, (ADA, " ".join(said)))
    found = await tasks(desk)
    assert {title: (each["assignee"], each["due_on"]) for title, each in found.items()} == {
        "Send me the price list": ("Bob Ruiz", "2025-11-28"),  # said on a Friday: the next one
        "Call the supplier": ("Ada Lind", "2025-11-22"),
    }


async def test_among_three_nobody_is_guessed_and_names_count(desk: Desk) -> None:
    cleo = Person(name="Cleo Vance", email="cleo@us.example")
    said = "Could you book the room? Cleo, please order the cake. Dana to write the speech by 3 December."
    await talk(desk, (ADA, said), participants=[ADA, BOB, cleo])
    assert {title: each["assignee"] for title, each in (await tasks(desk)).items()} == {
        "Book the room": None,
        "Order the cake": "Cleo Vance",
        "Write the speech": "Dana",
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"is_noreply": True},
        {"is_bounce": True},
        {"auto_submitted": "auto-replied"},
        {"precedence": "bulk"},
        {"list_unsubscribe": ["https://x.example"], "list_unsubscribe_one_click": True},
    ],
)
async def test_what_a_program_sends_to_many_suggests_nothing(desk: Desk, facts: dict[str, Any]) -> None:
    await talk(desk, (ADA, "Please review your settings before Monday."), facts=facts)
    assert await tasks(desk) == {}


async def test_a_person_on_a_mailing_list_is_heard(desk: Desk) -> None:
    lists = {"list_id": "dev.example", "list_unsubscribe": ["mailto:x@dev.example"], "precedence": "list"}
    await talk(desk, (ADA, "Please review the settings before Monday."), facts=lists)
    assert list(await tasks(desk)) == ["Review the settings"]


async def test_an_issue_that_reports_a_fault_is_one_task(desk: Desk) -> None:
    """Each sentence about the same fault was a task of its own."""
    steps = "The app shows a white page after the update.\n1. Open the app with an old cache.\n2. Wait a minute."
    said = [steps, "It crashes when the cache is older than the API."]
    await talk(desk, (ADA, said[0]), (BOB, said[1]), channel="github", subject="White page after an update")
    (task,) = (await tasks(desk)).values()
    assert task["title"] == "Fix: White page after an update"
    assert len((await desk(ReadTask(id=task["id"])))["evidence"]) >= 2


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Call her", "Call her (Roadmap)"),
        ("Come back to you", "Come back to you (Roadmap)"),
        ("Start", "Start (Roadmap)"),
        ("Write the changelog", "Write the changelog"),
        ("Call Pia", "Call Pia"),
    ],
)
def test_a_title_that_points_at_what_was_said_before_names_the_subject(title: str, shown: str) -> None:
    assert with_subject(title, "RE: Roadmap") == shown
    assert with_subject(title, "") == title


async def test_a_movers_suggestion_shows_its_sentence_and_takes_the_place_of_that_ones_own(desk: Desk) -> None:
    """It came without quote or place, beside the task which the same sentence had made by itself."""
    await talk(desk, (ADA, "The export crashes with an error when a rota has more than 500 shifts."))
    (own,) = (await tasks(desk)).values()
    mover = (await desk(CreateNeedleMover(title="Large rotas", kind="issue")))["id"]
    suggestion = SuggestTask(
        title="Fix: Large rotas", needle_mover_id=mover, account_id="acct_1", content_label_id=own["content_label_id"]
    )
    made = await desk(suggestion)
    assert list(await tasks(desk)) == ["Fix: Large rotas"]
    (proof,) = (await desk(ReadTask(id=made["task_id"])))["evidence"]
    assert (proof["content_id"], proof["span"]["quote"][:10]) == ("conv_1", "The export")
    before = await desk(ReadTask(id=own["id"]))
    assert (before["status"], before["closed_reason"]) == ("dismissed", "merged")


async def test_a_sentence_that_asks_for_something_keeps_its_task_and_lends_it_to_the_mover(desk: Desk) -> None:
    await talk(desk, (ADA, "Please call me by Tuesday."))
    (own,) = (await tasks(desk)).values()
    suggestion = SuggestTask(title="Talk", needle_mover_id="nm_1", content_label_id=own["content_label_id"])
    assert await desk(suggestion) == {"outcome": "added", "task_id": own["id"]}
    assert {each["needle_mover_id"] for each in (await tasks(desk)).values()} == {"nm_1"}
