"""Sentences in which several things are asked for or promised: a task each, with its own owner and its own day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.tasks.parts import parts

SAID = datetime(2025, 11, 19, 10, tzinfo=UTC)  # a Wednesday
UTC_ZONE = ZoneInfo("UTC")
PEOPLE = ("Ada Lind", "Bob Ruiz")
ADA, BOB = PEOPLE
Said = list[tuple[str, str | None, str | None]]


def found(sentence: str) -> Said:
    """Title, owner and day of each task in what Ada says to Bob."""
    made = parts(sentence, "follow_up", SAID, UTC_ZONE, ADA, PEOPLE)
    return [
        (each.outline.title, each.outline.owner, each.outline.due_on.isoformat() if each.outline.due_on else None)
        for each in made
    ]


@pytest.mark.parametrize(
    ("sentence", "tasks"),
    [
        ("I'll send the contract on Friday, and Tom fixes the export by the 24th.",
         [("Send the contract", ADA, "2025-11-21"), ("Fix the export", "Tom", "2025-11-24")]),
        ("I will send the questionnaire this week and the offer by the 25th.",
         [("Send the questionnaire", ADA, "2025-11-21"), ("Send the offer", ADA, "2025-11-25")]),
        ("Please send the deck by Monday and book the room by Wednesday.",
         [("Send the deck", BOB, "2025-11-24"), ("Book the room", BOB, "2025-11-26")]),
        ("I will send the quote on Thursday and suggest a date for the training.",
         [("Send the quote", ADA, "2025-11-20"), ("Suggest a date for the training", ADA, None)]),
        ("Can you check the export by Tuesday, and could Lena update the docs?",
         [("Check the export", BOB, "2025-11-25"), ("Update the docs", "Lena", None)]),
        ("Jo will call the bank tomorrow, Sam will pay the invoice on Friday.",
         [("Call the bank", "Jo", "2025-11-20"), ("Pay the invoice", "Sam", "2025-11-21")]),
        ("I will send you the quote tomorrow but please sign the NDA today.",
         [("Send you the quote", ADA, "2025-11-20"), ("Sign the NDA", BOB, "2025-11-19")]),
    ],
)  # fmt: skip
def test_two_things_in_one_sentence_are_two_tasks_each_with_its_own_owner_and_day(sentence: str, tasks: Said) -> None:
    """They were one task of whoever spoke, due on the later of the two days."""
    assert found(sentence) == tasks


@pytest.mark.parametrize(
    "sentence",
    [
        "Check with finance and come back to you by Friday.",
        "I'll book the train tickets and send you the bill.",
        "Could you send the figures and the plan by Friday?",
        "Please review the draft, the figures and the plan by Friday.",
    ],
)
def test_one_thing_with_several_words_stays_one_task(sentence: str) -> None:
    assert len(found(sentence)) == 1


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("We discussed the launch on Friday; please send the notes.", None),
        ("I will put that into the quote, which you get on Thursday.", None),
        ("Please tell me whether the room is free on Friday.", None),
        ("The contract runs out on Friday, please send the new one.", None),
        ("By Friday, please send the new one.", "2025-11-21"),
        ("Please send the contract, we need it by Friday.", "2025-11-21"),
        ("A fix goes out on Monday, and I will call you that afternoon.", "2025-11-24"),
        ("Please correct the run before our payday on the 25th.", "2025-11-25"),
    ],
)
def test_the_day_of_another_clause_is_not_the_tasks(sentence: str, day: str | None) -> None:
    """Any day in the sentence was the one until when the task was due."""
    assert [each[2] for each in found(sentence)] == [day]


@given(st.text(max_size=300), st.sampled_from(["bug", "follow_up"]))
def test_parts_stand_in_the_sentence_one_behind_the_other(sentence: str, kind: str) -> None:
    made = parts(sentence, kind, SAID, UTC_ZONE, ADA, PEOPLE)
    places = [place for each in made for place in (each.start, each.end)]
    assert places == sorted(places)
    assert all(0 <= place <= len(sentence) for place in places)
    assert all(each.outline.title for each in made)
