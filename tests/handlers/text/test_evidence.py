"""Evidence: what a question is about, who it names, and that the shipped numbers are those that were trained."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.benchmarks.training.evidence import Asked, fit
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.evidence import BESIDE, COLUMNS, Evidence, shipped, spread
from needlework.handlers.text.question import name_parts, naming, parted
from needlework.handlers.text.summarise import Turn

PEOPLE = ["Industrial Designer", "User Interface", "Hon. Bill Blair (Minister of Public Safety)", "PhD F", "PhD A", ""]
NAMES = [name_parts(each) for each in PEOPLE]


def test_a_question_has_a_focus_and_a_frame_without_names_and_asking() -> None:
    found = parted("What did Industrial Designer think of the price when discussing the remote control?", NAMES)
    assert (found.core, found.focus, found.frame) == ("price remote control", "price", "remote control")
    assert parted("Summarize the discussion on data storage", NAMES)[1:] == ("data storage",) * 3


@pytest.mark.parametrize("text", ["", "What did they think?", "when discussing"])
def test_a_question_without_a_subject_is_its_own(text: str) -> None:
    assert parted(text, NAMES)[1:] == (text,) * 3


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did Industrial Design think?", 0),
        ("Summarize User Interface's view", 1),
        ("What did Bill Blair say?", 2),
        ("What did PhD F say?", 3),
    ],
)
def test_whom_a_question_names(question: str, named: int) -> None:
    shares = naming(question, NAMES)
    assert int(np.argmax(shares)) == named
    assert shares[named] == 1
    assert all(share < 0.7 for share in np.delete(shares, named))


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=4))
def test_any_question_and_any_names_are_read(question: str, speakers: list[str]) -> None:
    names = [name_parts(each) for each in speakers]
    assert all(part or not question for part in parted(question, names))
    assert all(0 <= share <= 1 for share in naming(question, names))


@given(st.lists(st.floats(-5, 5), max_size=30), st.integers(1, 12))
def test_answers_are_the_best_first_each_once(scores: list[float], most: int) -> None:
    found = spread(np.array(scores), most)
    assert len(found) == len(set(found)) == min(most, len(scores))
    assert not scores or scores[found[0]] == max(scores)


def test_a_turn_that_says_nothing_is_no_answer() -> None:
    said = [
        Turn("Ada", "We write the list of all customers."),
        Turn("Grace", "Hm."),
        Turn("Ada", "Until Monday, then."),
    ]
    found = Evidence(said, shared_encoder()).find("Who writes the list?", most=3)
    assert [each.turn for each in found] == [0, 2]
    assert sum(each.score for each in found) == pytest.approx(1)


def test_a_weaker_neighbour_of_a_better_answer_gives_way_a_strong_one_does_not() -> None:
    far = [0.0] * BESIDE
    assert spread(np.array([5.0, 3.5, *far, 3.0]), 3) == [0, BESIDE + 2, 1]
    assert spread(np.array([5.0, 4.5, *far, 3.0]), 3) == [0, 1, BESIDE + 2]


def test_the_shipped_weights_fit_the_columns_that_are_made() -> None:
    turns = [Turn("Ada", "The export fails for large invoices."), Turn("Grace", "The office party is in December.")]
    rows = Evidence(turns, shared_encoder()).rows("What did Ada say about the export?")
    assert rows.shape == (2, len(COLUMNS)) == (2, len(shipped()))
    assert float((rows @ shipped())[0]) > float((rows @ shipped())[1])


def test_training_finds_the_column_that_tells_the_answer() -> None:
    draw = np.random.default_rng(0)
    asked = []
    for number in range(40):
        rows = draw.standard_normal((20, len(COLUMNS)))
        asked.append(Asked(number, False, rows, rows[:, 3] == rows[:, 3].max()))
    weights = fit(asked, strength=1.0)
    assert int(np.argmax(weights)) == 3
    assert np.abs(np.delete(weights, 3)).max() < weights[3] / 3
    assert (weights == fit(asked, strength=1.0)).all()
