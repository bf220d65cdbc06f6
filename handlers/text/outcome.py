"""What a talk came to: what was decided, what is left to be done and by whom, which questions got an answer.

The labels say which sentences may be decisions, tasks and questions. How people answer each other says the rest: a
request that somebody takes on is his, a question that is answered is not open, and nothing stands in two places.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from needlework.handlers.text.asked import Asked, questions
from needlework.handlers.text.decided import decisions
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.talk import Point, Talk
from needlework.handlers.text.timed import Task
from needlework.handlers.text.undertaken import tasks

AHEAD = 3
"""Turns in which a question is answered."""


class Outcome(NamedTuple):
    """All of it, each in the order of speech, no sentence twice."""

    decisions: list[tuple[int, str]]
    tasks: list[Task]
    open: list[Asked]
    answered: list[Asked]
    said: frozenset[tuple[int, str]]
    """Turn and sentence, word for word, of all that stands in it."""


def outcome(
    turns: Sequence[Turn],
    points: Iterable[Point],
    people: Collection[str] = (),
    replies: Callable[[int], Sequence[int]] | None = None,
) -> Outcome:
    """What a talk came to; `people` are the names of those who take part, besides those who speak.

    `replies`: the turns that may answer a turn, the nearest first; by default the three that follow it.
    """
    follow = replies or (lambda turn: range(turn + 1, min(turn + 1 + AHEAD, len(turns))))
    talk = Talk(turns, points, people, [list(follow(turn)) for turn in range(len(turns))])
    decided, undertaken, asked = decisions(talk), tasks(talk), questions(talk)
    open_, answered = ([each for each in asked if each.open is state] for state in (True, False))
    said = frozenset((place[0], talk.text(place)) for place in talk.used)
    return Outcome(decided, undertaken, open_, answered, said)
