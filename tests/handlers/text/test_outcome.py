"""What a talk comes to: each thing stands in one place, and what was answered is not open."""

from pathlib import Path

import pytest
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.read import read
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.text.bullets import LABELS, joined, pieces, place
from needlework.handlers.text.deeds import is_request
from needlework.handlers.text.outcome import Outcome, outcome
from needlework.handlers.text.speech import is_procedure
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.talk import Point
from needlework.handlers.text.tidy import tidy

FILES = sorted((Path(__file__).parents[1] / "meetings" / "transcripts").iterdir())


def turns_of(path: Path) -> list[Turn]:
    """Who said what in a transcript."""
    (found,) = read(path)
    assert isinstance(found, Item)
    return [Turn(each["sender"].get("name", ""), each["text"]) for each in found.data["messages"]]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What each transcript comes to, by the first word of its title."""
    found = {}
    for path in FILES:
        turns = turns_of(path)
        points: list[Point] = []
        for first, some in pieces(turns):
            results = analyse([Segment(None, joined(some))], [DEFAULTS_BY_KEY[label] for label in LABELS])
            spans = [(each.label, span.start, span.quote) for each in results for span in each.evidence]
            points += place(some, spans, first)
        found[path.stem] = outcome(turns, points)
    return found


def of(outcomes: dict[str, Outcome], name: str) -> Outcome:
    return next(found for stem, found in outcomes.items() if name in stem)


def test_no_question_stands_in_two_places(outcomes: dict[str, Outcome]) -> None:
    """Story: the same question stood under "Action items" and under "Open questions"."""
    assert len(outcomes) == 7
    for name, found in outcomes.items():
        lines = [text for _, text in found.decisions] + [task.text for task in found.tasks]
        asked = [each.text for each in [*found.open, *found.answered]]
        assert not [text for text in asked if any(text in line for line in lines)], name
        assert len(asked) == len(set(asked)), name


@pytest.mark.parametrize(
    ("name", "open_"),
    [
        ("standup", ["How long would the index take on production?"]),
        ("acme", ["What happens to the data of the people that we remove?"]),
        ("Sprint", ["What are the rules for cancellation? Free until twenty-four hours before, or forty-eight?"]),
        ("incident", ["What do I tell them, do they get a credit?", "Who owns the status page?"]),
        ("Hiring", ["Does the contractor come out of the hiring budget?"]),
        ("interview", ["When will it be ready?"]),
        ("Summer", ["Do we want the bouncy castle again?", "What about a climbing wall?"]),
    ],
)
def test_a_question_is_open_only_where_nobody_knew(outcomes: dict[str, Outcome], name: str, open_: list[str]) -> None:
    assert [each.text for each in of(outcomes, name).open] == open_


def test_an_answer_stands_with_its_question(outcomes: dict[str, Outcome]) -> None:
    answers = {each.text: (each.who, each.reply) for each in of(outcomes, "Hiring").answered}
    assert answers["Do they get a coworking space?"] == ("Claire Dubois", "Yes, up to three hundred euros per person.")
    assert answers["Should it be remote or in Oslo?"][1].startswith("Remote is fine")
    assert of(outcomes, "acme").open[0].reply.startswith("Good question. I'm not sure")


def test_what_steers_the_talk_is_nobodys_task_and_no_question(outcomes: dict[str, Outcome]) -> None:
    """Story: "Can you hear me?" was an open question, "Have a nice weekend" an action item."""
    for name, found in outcomes.items():
        lines = [task.text for task in found.tasks] + [each.text for each in [*found.open, *found.answered]]
        assert not [line for line in lines if is_procedure(line)], name


def test_who_takes_something_on_owns_it(outcomes: dict[str, Outcome]) -> None:
    tasks = {
        name: {task.text: task.owner for task in of(outcomes, name).tasks} for name in ("Summer", "acme", "incident")
    }
    assert tasks["Summer"]["Who asks the butcher? I'll do it."] == "Paul"
    assert tasks["acme"]["I'll send you the offer by Friday."] == "Helen Park"
    sent = "Could you send me the request id from the last one? Yes, I'll mail it to you this afternoon."
    assert tasks["acme"][sent] == "Rita Sorensen"
    assert tasks["incident"]["I can change it to a two minute window."] == "Kofi Mensah"


def test_what_was_agreed_is_a_decision_and_no_task(outcomes: dict[str, Outcome]) -> None:
    decided = {name: [text for _, text in of(outcomes, name).decisions] for name in ("standup", "Sprint", "incident")}
    assert decided["standup"] == [
        "Then let's not release the search page this week.",
        "We ship it on Tuesday with the index.",
    ]
    assert "Let's drop drag and drop." in decided["Sprint"]
    assert [text for text in decided["incident"] if "Marc" in text] == [], (
        "what somebody else is to decide is not decided"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("So, um, I'm a, I'm a district nurse, I've been doing this for, uh, eleven years now.",
         "I'm a district nurse, I've been doing this for eleven years now."),
        ("What if we put single sign-on on top?", "What if we put single sign-on on top?"),
        ("Six stations first, then four, then four.", "Six stations first, then four, then four."),
        ("Is it okay if I record this?", "Is it okay if I record this?"),
        ("It went up because of it, it was two hundred.", "It went up because of it, it was two hundred."),
        ("We're, you know, forty percent below.", "We're forty percent below."),
    ],
)  # fmt: skip
def test_speech_is_tidied_without_a_loss(said: str, shown: str) -> None:
    assert tidy(said) == shown


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("Ada, could you send me the list?", True),
        ("Can Grace make a list?", True),
        ("Can Python make a list?", False),
        ("Can you hear me?", False),
        ("Could you tell me more about it?", False),
        ("What is the penalty?", False),
        ("Please write it down.", True),
    ],
)
def test_a_request_asks_for_a_deed_and_not_for_words(said: str, asks: bool) -> None:
    assert is_request(said, {"ada", "grace"}) is asks
