"""What a conversation makes of its requests: who takes them on, what "it" means, and what was done there already."""

from threading import current_thread, main_thread
from typing import Any

import pytest
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, Person
from needlework.handlers.tasks import from_labels
from needlework.handlers.tasks.messages import AcceptTask, DismissTask, ListTasks, ReadTask
from needlework.handlers.tasks.pointing import meaning, points

pytestmark = pytest.mark.anyio
Desk = Any
ADA, BOB, CLEO = (Person(name=name) for name in ("Ada Lind", "Bob Ruiz", "Cleo Vance"))
FRIDAY = "2025-11-21T10:{:02}:00Z"
ASKED = "Could you please send the price list to Larkfield?"


async def talk(desk: Desk, *said: tuple[Person, str], **fields: Any) -> None:
    """A conversation among three in a channel, analysed; more of it each time."""
    messages = [
        MessageInput(text=text, sender=who, sent_at=FRIDAY.format(number), external_id=str(number))
        for number, (who, text) in enumerate(said)
    ]
    given = {"id": "conv_1", "channel": "slack", "subject": "#sales", "account_id": "acct_1", **fields}
    await desk(IngestAccount(id="acct_1", name="Larkfield"))
    await desk(IngestConversation(participants=[ADA, BOB, CLEO], messages=messages, **given))
    await desk.drain()


async def tasks(desk: Desk, **fields: Any) -> list[dict[str, Any]]:
    listed = (await desk(ListTasks(**({"status": "suggested", "source": "content_label"} | fields))))["items"]
    return [await desk(ReadTask(id=each["id"])) for each in listed]


@pytest.mark.parametrize("yes", ["Sure, I will do that.", "Will do", "On it", "Yes.", "OK, I'll take care of it."])
async def test_who_says_yes_owns_what_was_asked_for_and_has_no_task_beside_it(desk: Desk, yes: str) -> None:
    """ "I will take care of it" was a task of its own, without a subject, and the request was nobody's."""
    await talk(desk, (ADA, ASKED), (BOB, yes))
    (task,) = await tasks(desk)
    assert (task["title"], task["assignee"]) == ("Send the price list to Larkfield", "Bob Ruiz")
    assert [each["span"]["quote"] for each in task["evidence"]] == [ASKED, yes]


async def test_the_day_of_a_yes_is_that_of_what_was_asked_for(desk: Desk) -> None:
    await talk(desk, (ADA, ASKED), (BOB, "I will do that by Tuesday."))
    (task,) = await tasks(desk)
    assert (task["title"], task["due_on"]) == ("Send the price list to Larkfield", "2025-11-25")


async def test_a_promise_in_other_words_is_the_request_and_what_comes_later_changes_the_same_task(desk: Desk) -> None:
    await talk(desk, (ADA, ASKED))
    (before,) = await tasks(desk)
    await talk(desk, (ADA, ASKED), (BOB, "I will send the list tomorrow."))
    (task,) = await tasks(desk)
    assert (task["id"], task["assignee"], task["due_on"]) == (before["id"], "Bob Ruiz", "2025-11-22")
    await talk(desk, (ADA, ASKED), (BOB, "I will send the list tomorrow."), (CLEO, "Great."))
    assert [each["id"] for each in await tasks(desk)] == [task["id"]]


async def test_what_was_dismissed_does_not_come_back_because_somebody_says_yes(desk: Desk) -> None:
    await talk(desk, (ADA, ASKED))
    (task,) = await tasks(desk)
    await desk(DismissTask(id=task["id"]))
    await talk(desk, (ADA, ASKED), (BOB, "Will do."), (BOB, "I will send it tomorrow."))
    assert await tasks(desk) == []


async def test_a_yes_of_somebody_else_than_who_was_asked_takes_nothing_on(desk: Desk) -> None:
    await talk(desk, (ADA, "Cleo, please send the price list to Larkfield."), (BOB, "Yes."))
    (task,) = await tasks(desk)
    assert task["assignee"] == "Cleo Vance"


async def test_a_yes_of_who_was_asked_counts_after_a_word_of_another(desk: Desk) -> None:
    await talk(desk, (ADA, "Bob, please send the price list."), (CLEO, "Good idea."), (BOB, "On it."))
    (task,) = await tasks(desk)
    assert [each["span"]["quote"] for each in task["evidence"]][1:] == ["On it."]


async def test_a_request_that_was_fulfilled_in_the_conversation_is_no_task(desk: Desk) -> None:
    await talk(desk, (ADA, ASKED))
    (task,) = await tasks(desk)
    await talk(desk, (ADA, ASKED), (BOB, "Here it is, sorry for the delay."))
    assert await tasks(desk) == []
    ended = await desk(ReadTask(id=task["id"]))
    assert (ended["status"], ended["closed_reason"]) == ("dismissed", "external")
    await talk(desk, (ADA, ASKED), (BOB, "Here it is, sorry for the delay."), (ADA, "Thanks!"))
    assert await tasks(desk) == []


async def test_what_was_promised_and_then_sent_is_no_task_any_more(desk: Desk) -> None:
    said = ((ADA, "Please send me the signed order form by Friday."), (BOB, "Will do."))
    await talk(desk, *said)
    (task,) = await tasks(desk)
    assert task["assignee"] == "Bob Ruiz"
    await talk(desk, *said, (BOB, "Hi Ada, please find the order form attached."))
    assert await tasks(desk) == []


async def test_a_task_that_a_person_has_accepted_stays_whatever_is_said(desk: Desk) -> None:
    await talk(desk, (ADA, ASKED))
    (task,) = await tasks(desk)
    await desk(AcceptTask(id=task["id"]))
    await talk(desk, (ADA, ASKED), (BOB, "Done."))
    (kept,) = await tasks(desk, status="open")
    assert [each["span"]["quote"] for each in kept["evidence"]] == [ASKED]


@pytest.mark.parametrize(
    ("before", "said", "title"),
    [
        (
            "The draft of the contract is ready.",
            "Please have a look at it.",
            "Have a look at the draft of the contract",
        ),
        ("The quarterly report is finished.", "Have a look at it, please.", "Have a look at the quarterly report"),
        ("Our lawyer has sent the agreement.", "Could you please sign it by Monday?", None),
        ("I have two offers here.", "Please compare them and tell me more.", None),
        ("Elsie asked about the price.", "Bob, please call her on Monday.", "Call Elsie"),
        ("The offer and the contract are ready.", "Please have a look at it.", None),
        ("Hello everybody!", "Please send it over.", None),
    ],
)
async def test_a_pronoun_stands_for_the_one_thing_that_was_spoken_of_or_there_is_no_task(
    desk: Desk, before: str, said: str, title: str | None
) -> None:
    """Titles such as "Have a look at it" told nobody what to look at."""
    await talk(desk, (ADA, f"{before} {said}"))
    titles = [each["title"] for each in await tasks(desk)]
    assert titles == ([] if title is None else [title])


async def test_the_subject_of_a_mail_says_what_it_is_about_and_the_name_of_a_channel_does_not(desk: Desk) -> None:
    said = ((ADA, "Please send it over."),)
    await talk(desk, *said, id="conv_2", channel="email", subject="RE: Price list")
    assert [each["title"] for each in await tasks(desk)] == ["Send it over (Price list)"]
    await talk(desk, *said)
    assert len(await tasks(desk)) == 1


async def test_instructions_to_who_asked_how_are_no_task(desk: Desk) -> None:
    await talk(desk, (ADA, "How do I set a proxy?"), (BOB, "Please set HTTPS_PROXY in its environment."))
    assert await tasks(desk) == []


async def test_a_fault_that_is_gone_by_the_word_of_who_reported_it_is_none(desk: Desk) -> None:
    fault = "The page of ward 6 fails with an error."
    await talk(desk, (ADA, fault), (BOB, "Is it better now?"), (ADA, "It works again, thank you."))
    assert await tasks(desk) == []


async def test_a_fault_that_is_reported_twice_by_one_account_is_one_task(desk: Desk) -> None:
    """The same broken sync came once for each mail about it."""
    await talk(desk, (ADA, "The payroll sync with Paylane is broken again, no hours were transferred."))
    await talk(desk, (ADA, "The sync to Paylane is broken, payroll shows no hours."), id="conv_2")
    await talk(desk, (ADA, "The calendar page crashes with an error when I open it."), id="conv_3")
    assert sorted(len(each["evidence"]) for each in await tasks(desk)) == [1, 2]


async def test_what_more_is_said_of_a_fault_is_that_fault(desk: Desk) -> None:
    """ "It crashes when …" was a fault beside the one that it tells of."""
    more = "It crashes with an error when the cache is older than the API."
    await talk(desk, (ADA, "The white page in the Android app is broken again."), (BOB, more))
    (task,) = await tasks(desk)
    assert task["title"] == "Fix: The white page in the Android app is broken again"
    assert [each["span"]["quote"] for each in task["evidence"]][1:] == [more]


def test_meant_is_what_alone_can_be_meant() -> None:
    assert meaning("Review it", ["The export fails."]) == "Review the export"
    assert meaning("Review it", ["The export and the import fail."]) is None
    assert meaning("Review them", ["The export sends two files."]) == "Review two files"
    assert meaning("Ask him", ["Sam knows."], ["Ada"]) == "Ask Sam"
    assert meaning("Ask him", ["Sam knows.", "Tom knows."], ["Sam"]) == "Ask Tom"


@pytest.mark.parametrize(
    ("title", "does"),
    [("Send it over", True), ("Take it to the board", True), ("Tell me when it is live", True), ("Tell Ines", True),
     ("Answer by Tuesday", True), ("Call me", False), ("Send the list", False), ("Check that the sync runs", False)],
)  # fmt: skip
def test_titles_that_point_are_told_from_those_that_say_enough(title: str, does: bool) -> None:
    assert points(title) is does


async def test_what_was_said_around_a_request_is_read_beside_the_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty long mails below a request held everybody for seconds, each time one more came."""
    threads = []

    def settled(*given: Any) -> Any:
        threads.append(current_thread())
        return read(*given)

    read = from_labels.settled
    monkeypatch.setattr(from_labels, "settled", settled)
    await talk(desk, (ADA, ASKED), (BOB, "Will do."))
    assert len(await tasks(desk)) == 1
    assert threads
    assert main_thread() not in threads
