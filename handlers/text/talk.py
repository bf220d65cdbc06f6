"""A talk taken apart: its sentences by turn, which of them carry a label, who answers whom."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from needlework.handlers.text.sentences import sentences
from needlework.handlers.text.summarise import Turn

PROMISES = ("i'll ", "i will ", "let me ", "i can ", "i'm going to ")
"""With which words, in small letters, somebody takes something on."""
_TITLE = re.compile(
    r"(?:(?:mr|mrs|ms|mx|dr|prof|professor|doctor|sir|dame|lord|lady|rev|fr|st|hon|capt|sgt|lt|col|gen|herr|frau|miss)"
    r"\b\.?\s+)+",
    re.IGNORECASE,
)


class Point(NamedTuple):
    """A sentence that carries a label, and the turn in which it stands."""

    label: str
    turn: int
    text: str


Place = tuple[int, int]
"""A turn, and which of its sentences."""


class Talk:
    """What was said. `used` are the sentences that stand in its outcome already: each has one place there."""

    def __init__(
        self, turns: Sequence[Turn], points: Iterable[Point], people: Collection[str], after: list[list[int]]
    ) -> None:
        """`after`: for each turn those that may answer it, the nearest first; `people` take part besides who speaks."""
        self.turns, self.after = turns, after
        self.before = {each[0]: turn for turn, each in enumerate(after) if each}
        self.said = [[turn.text[span.start : span.end] for span in sentences(turn.text)] for turn in turns]
        who = [*people, *(turn.speaker for turn in turns)]
        self.names = {called: name for name in who for called in _called(name)}
        self.labels: dict[str, set[Place]] = {}
        for point in points:
            place = self._place(point)
            if place is not None:
                self.labels.setdefault(point.label, set()).add(place)
        self.used: set[Place] = set()

    def everywhere(self) -> Iterable[Place]:
        """Every sentence, in order."""
        return ((turn, at) for turn, said in enumerate(self.said) for at in range(len(said)))

    def labelled(self, *labels: str) -> set[Place]:
        """The sentences with any of these labels."""
        return set().union(*(self.labels.get(label, set()) for label in labels))

    def text(self, place: Place) -> str:
        """A sentence as it was said."""
        return self.said[place[0]][place[1]]

    def next(self, turn: int) -> int | None:
        """The next turn, where another speaks in it."""
        after = self.after[turn][0] if self.after[turn] else None
        return None if after is None or self.turns[after].speaker == self.turns[turn].speaker else after

    def _place(self, point: Point) -> Place | None:
        for at, text in enumerate(self.said[point.turn]):
            if text == point.text or point.text in text:
                return point.turn, at
        return None


def first(name: str) -> str:
    """A name's first part that is no title, in small letters: "hollis" of "Mr. Hollis"."""
    return next(iter(_TITLE.sub("", name.strip(), count=1).lower().split()), "")


def _called(name: str) -> set[str]:
    """What somebody is called by: the first name; with a title the last one too, as in "Dr. Marsh, could you …"."""
    parts = name.lower().split()
    titled = {parts[-1]} if len(parts) > 1 and _TITLE.match(name) else set()
    return ({first(name)} | titled) - {""}
