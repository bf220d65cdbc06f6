"""Minutes of our own talks: what a minute-taker noted is found, what nobody said or what was taken back is not told."""

import re
from functools import cache

import pytest
from needlework.benchmarks.quality.minutes import HALVES, Count, Noted, judge, talks, written
from needlework.handlers.text.bullets import section
from needlework.handlers.text.outcome import outcome
from needlework.handlers.text.sentences import sentences
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.talk import Point
from needlework.handlers.text.tidy import tidy

LEAST = {
    "seen": {"decisions": (0.95, 0.95), "action items": (0.95, 0.95), "overview: subjects": (0.9, 0.9)},
    "aside": {"decisions": (0.9, 0.83), "action items": (0.95, 0.95), "overview: subjects": (0.75, 0.75)},
    "fresh": {"decisions": (1.0, 0.71), "action items": (0.85, 0.94), "overview: subjects": (0.85, 0.85)},
}
"""Precision and recall, as they were measured."""
TALKS = talks()
_LINE = re.compile(r"- (?:\[ \] )?(?:\*\*(?P<who>.+?):\*\* )?(?P<text>.*?)(?:, due [\d-]{10})? \(turn (?P<turn>\d+)\)$")
_NAMED = re.compile(r" ?\*\*[^*]+:\*\* ?")
_WORDS = re.compile(r"[\w'-]+")


@cache
def summary(talk: int) -> str:
    """What is written of a talk."""
    return written(TALKS[talk])


def lines(body: str, *titles: str) -> list[re.Match[str]]:
    """The lines under these titles, taken apart."""
    return [found for title in titles for line in section(body, title) if (found := _LINE.match(line))]


@pytest.mark.parametrize("half", HALVES)
def test_what_a_minute_taker_notes_is_found(half: str) -> None:
    """Story: of twelve decisions that any reader sees one was told, and a third of the action items was not."""
    sums: dict[str, Count] = {}
    for number, talk in enumerate(TALKS):
        if talk.half == half:
            for name, count in judge(talk, summary(number)).items():
                sums[name] = sums.get(name, Count()).plus(count)
    found = {name: (sums[name].row()["precision"], sums[name].row()["recall"]) for name in LEAST[half]}
    short = {name: pair for name, pair in found.items() if min(map(lambda a, b: a - b, pair, LEAST[half][name])) < 0}
    assert short == {}


@pytest.mark.parametrize("number", range(len(TALKS)), ids=[talk.name for talk in TALKS])
def test_every_sentence_of_a_summary_was_said(number: int) -> None:
    """Word for word but for fillers, near the turn that the line names."""
    talk, body = TALKS[number], summary(number)
    told = lines(body, "Overview", "Decisions", "Action items", "Open questions", "Questions answered")
    assert told
    for line in told:
        turn = int(line["turn"]) - 1
        around = talk.turns[max(0, turn - 3) : turn + 6]
        near = _plainly(" ".join(tidy(each) for said in around for each in _cut(said.text)))
        for each in _cut(_NAMED.sub("\n\n", line["text"])):
            assert _plainly(each) in near, each


@pytest.mark.parametrize("number", range(len(TALKS)), ids=[talk.name for talk in TALKS])
def test_numbers_stay_as_they_were_said(number: int) -> None:
    talk = TALKS[number]
    said = " ".join(turn.text for turn in talk.turns)
    for line in lines(summary(number), "Overview", "Decisions", "Action items"):
        assert set(re.findall(r"\d[\d.,:]*\d|\d", line["text"])) <= set(re.findall(r"\d[\d.,:]*\d|\d", said))


@pytest.mark.parametrize("talk", [talk for talk in TALKS if talk.noted.get("not_decided")], ids=lambda talk: talk.name)
def test_what_was_taken_back_is_not_told_as_decided(talk: Noted) -> None:
    """Story: "dark mode is out", and ten minutes later it was in again; the minutes had both."""
    decided = "\n".join(section(summary(TALKS.index(talk)), "Decisions")).lower()
    assert [key for key in talk.noted["not_decided"] if re.search(key, decided, re.MULTILINE)] == []


@pytest.mark.parametrize("talk", [talk for talk in TALKS if not talk.noted["decisions"]], ids=lambda talk: talk.name)
def test_where_nothing_is_decided_nothing_is_told_as_decided(talk: Noted) -> None:
    body = summary(TALKS.index(talk))
    assert section(body, "Decisions") == []
    assert section(body, "Action items") == []


def test_a_story_is_no_decision_though_others_say_yeah() -> None:
    """Story: in meetings with much "so …" and "yeah" half of what was told stood under "Decisions"."""
    turns = [
        Turn("Ann", "So the other buttons are gone."),
        Turn("Bob", "Yeah."),
        Turn("Ann", "You can mount the, okay?"),
        Turn("Bob", "Okay."),
        Turn("Ann", "I'd say a two."),
        Turn("Bob", "Yeah. We don't have any costs now."),
        Turn("Ann", "Okay."),
    ]
    assert outcome(turns, []).decisions == []


def test_who_speaks_next_takes_on_nothing_by_saying_so() -> None:
    """Story: "I'll wait", "I'll go first" and "I'll stop there" were action items."""
    turns = [Turn("Ann", "I'll wait."), Turn("Bob", "I'll go first."), Turn("Ann", "I'll stop there for the moment.")]
    points = [Point("follow_up_promised", number, turn.text) for number, turn in enumerate(turns)]
    assert outcome(turns, points).tasks == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("-3 degrees in the morning", "-3 degrees in the morning"),
        ("The number is nine nine nine.", "The number is nine nine nine."),
        ("https://example.org/a it is", "https://example.org/a it is"),
        ("- we, we ship", "We ship"),
    ],
)
def test_tidying_changes_no_number_and_no_address(said: str, shown: str) -> None:
    assert tidy(said) == shown


def _cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


def _plainly(text: str) -> str:
    return " ".join(_WORDS.findall(tidy(text).lower()))
