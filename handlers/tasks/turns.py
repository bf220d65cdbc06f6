"""What was said around a sentence: the sentences before it, and what others answered in the next turn."""

from collections.abc import Sequence
from functools import cached_property

from needlework.handlers.tasks.owners import same_person
from needlework.handlers.text import speech
from needlework.handlers.text.sentences import sentences
from needlework.handlers.text.strip import authored

NEAR = 2
"""Sentences, and turns, in which what somebody speaks of is looked for."""

WHILE = 50
"""Turns in which somebody comes back to what was said."""


class Turn:
    """One message: who said it, and what; `at` is its place among the others."""

    def __init__(self, at: int, message: str, speaker: str | None, text: str) -> None:
        self.at = at
        self.message = message
        self.speaker = speaker
        self.text = text

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where the sentences that its author wrote himself begin and end."""
        own = authored(self.text)
        return [(each.start, each.end) for span in own for each in sentences(self.text, span.start, span.end)]

    @cached_property
    def said(self) -> list[str]:
        """Its sentences."""
        return [self.text[start:end] for start, end in self.spans]

    def place(self, start: int) -> int:
        """Which of its sentences begins at, or holds, a character."""
        return next((at for at, (_, end) in enumerate(self.spans) if start < end), 0)


class Turns:
    """The turns of a conversation by the id of their message, in order; a note is one turn without an id."""

    def __init__(self, rows: Sequence[tuple[str, str | None, str]]) -> None:
        self._turns = [Turn(at, *row) for at, row in enumerate(rows)]
        self._at = {row[0]: at for at, row in enumerate(rows)}

    def of(self, message: str | None) -> Turn | None:
        """The turn that is a message; None where it was not read."""
        at = self._at.get(message or "")
        return None if at is None else self._turns[at]

    def answer(self, turn: Turn, owner: str | None) -> Turn | None:
        """What `owner` said soon after a turn; else the next that somebody else said."""
        following = [each for each in self._turns[turn.at + 1 : turn.at + 2 + NEAR] if each.speaker != turn.speaker]
        own = (each for each in following if owner is not None and same_person(owner, each.speaker))
        return next(own, next(iter(following), None))

    def asked(self, turn: Turn) -> Turn | None:
        """The turn of somebody else before it."""
        before = self._turns[max(0, turn.at - NEAR) : turn.at]
        return next((each for each in reversed(before) if each.speaker != turn.speaker), None)

    def later(self, turn: Turn) -> list[Turn]:
        """What was said after it, for a while."""
        return self._turns[turn.at + 1 : turn.at + 1 + WHILE]

    def before(self, turn: Turn, place: int) -> list[str]:
        """The sentences before one of a turn that say something, nearest first; else the last of the turn before."""
        own = [said for said in reversed(turn.said[max(0, place - NEAR) : place]) if _says(said)]
        if own or turn.at == 0:
            return own
        return list(reversed(self._turns[turn.at - 1].said[-NEAR:]))

    def named(self, turn: Turn, place: int) -> list[str]:
        """The same for a person, who may have been named a little longer ago."""
        own = list(reversed(turn.said[:place]))
        past = self._turns[max(0, turn.at - NEAR) : turn.at]
        return own + [said for each in reversed(past) for said in reversed(each.said)]


def _says(sentence: str) -> bool:
    return bool(speech.content(sentence)) and not speech.is_procedure(sentence) and not speech.accepts(sentence)
