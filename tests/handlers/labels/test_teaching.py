"""Corrections teach: a decision is an example, moves what is like it, tunes the threshold, and can be taken back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY, LabelDefinition
from needlework.handlers.labels.messages import (
    AnalyseContentLabels,
    DecideContentLabel,
    DefineLabel,
    ListContentLabels,
    ListLabels,
)
from needlework.handlers.labels.teaching import ENOUGH, MOST, taught, tuned

Desk = Any
RISK = "We are thinking about leaving at the end of the year."
SAME = "We think about leaving when the year ends."
NOW = 1_767_225_600


async def definition(desk: Desk, key: str) -> dict[str, Any]:
    return next(each for each in (await desk(ListLabels()))["items"] if each["key"] == key)


async def talk(desk: Desk, text: str, id: str) -> dict[str, dict[str, Any]]:
    """A conversation of one message, analysed: its labels by name."""
    await desk(IngestConversation(id=id, messages=[MessageInput(text=text, sent_at=NOW)]))
    await desk.drain()
    return {each["label"]: each for each in (await desk(ListContentLabels(content_id=id)))["items"]}


@pytest.mark.anyio
async def test_a_decision_is_an_example_until_it_is_taken_back(desk: Desk) -> None:
    found = (await talk(desk, "We will cancel our subscription.", "conv_1"))["churn_risk"]
    before = await definition(desk, "churn_risk")
    await desk(DecideContentLabel(id=found["id"], state="confirmed"))
    confirmed = await definition(desk, "churn_risk")
    assert list(confirmed["rules"]["examples"]) == [found["evidence"][0]["quote"]]
    assert confirmed["version"] == before["version"] + 1
    await desk(DecideContentLabel(id=found["id"], state="rejected"))
    rejected = await definition(desk, "churn_risk")
    assert rejected["rules"]["counter_examples"] == confirmed["rules"]["examples"]
    assert "examples" not in rejected["rules"]
    await desk(DecideContentLabel(id=found["id"], state="machine"))
    after = await definition(desk, "churn_risk")
    assert {**after, "version": before["version"]} == before


@pytest.mark.anyio
async def test_what_is_known_is_read_again_after_a_correction(desk: Desk) -> None:
    """The result of a text is kept under its definitions' versions: a rejected sentence silences its like elsewhere."""
    quote = "The new dashboard is so much faster, great work!"
    first = (await talk(desk, quote, "conv_1"))["praise"]
    assert "praise" in await talk(desk, quote + " ", "conv_2")
    await desk(DecideContentLabel(id=first["id"], state="rejected"))
    ask = AnalyseContentLabels(content_type="conversation", content_id="conv_2", labels=("praise",))
    again = await desk(ask)
    rules = (await definition(desk, "praise"))["rules"]
    assert list(rules["counter_examples"]) == [first["evidence"][0]["quote"]]
    assert (again["cached"], again["results"][0]["present"]) == (False, False)


@pytest.mark.anyio
async def test_a_threshold_that_a_person_set_is_left_alone(desk: Desk) -> None:
    await desk(DefineLabel(key="churn_risk", threshold=0.5))
    texts = [f"We will cancel our subscription number {number}." for number in range(ENOUGH + 2)]
    labels = [(await talk(desk, text, f"conv_{number}"))["churn_risk"] for number, text in enumerate(texts)]
    for number, found in enumerate(labels):
        await desk(DecideContentLabel(id=found["id"], state="rejected" if number % 3 else "confirmed"))
    known = await definition(desk, "churn_risk")
    assert (known["threshold"], known["threshold_by"]) == (0.5, "user")


def score(text: str, **rules: Any) -> float:
    base = DEFAULTS_BY_KEY["churn_risk"]
    changed = base
    for quote, state in rules.get("decisions", ()):
        changed = taught(changed, quote, state)
    return analyse([Segment(None, text)], [changed])[0].score


def test_corrections_move_what_is_alike_and_hardly_anything_else() -> None:
    plain, up = score(SAME), score(SAME, decisions=[(RISK, "confirmed")])
    down = score(SAME, decisions=[(RISK, "rejected")])
    assert down < plain < up
    other = "Where do I find the invoice of October?"
    assert abs(score(other) - score(other, decisions=[(RISK, "confirmed")])) < 0.02


def test_a_threshold_is_tuned_where_enough_was_decided() -> None:
    assert tuned([(0.9, True)] * 6 + [(0.65, False)] * 3) is None
    assert tuned([(0.9, True)] * 12) is None
    assert tuned([(0.9, True)] * 6 + [(0.7, False)] * 5) == 0.8
    assert tuned([(0.9, False)] * 6 + [(0.61, True)] * 5) == 0.61


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_a_tuned_threshold_is_never_extreme(decided: list[tuple[float, bool]]) -> None:
    found = tuned(decided)
    assert found is None or 0.3 <= found <= 0.95


def test_only_the_newest_examples_are_kept() -> None:
    known = LabelDefinition("mine", "Mine.")
    for number in range(MOST + 5):
        known = taught(known, f"Sentence {number}.", "confirmed")
    assert len(known.rules.examples) == MOST
    assert known.rules.examples[-1] == f"Sentence {MOST + 4}."
