"""What was decided in a talk: what its labels say, and what was proposed and agreed to."""

import re

from needlework.handlers.text import speech
from needlework.handlers.text.talk import AGREED_TAG, Place, Talk
from needlework.handlers.text.tidy import tidy

SOON = 3
"""Turns after a proposal in which it is said again as it was decided."""
_DECIDING = re.compile(
    r"(?:let's|let us) "
    r"(?:not|drop|leave|keep|skip|go with|use|stay|stick|postpone|move|make it|close|cancel|stop|remove)\b"
)
_OBJECTS = re.compile(r"(?:no\b(?! problem)|but\b|hmm|i don't|i do not|i disagree|wait|not sure|why\b|rather not)")


def decisions(talk: Talk) -> list[tuple[int, str]]:
    """Turn and words of each, in order."""
    return _Decisions(talk).found()


class _Decisions:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    def found(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for place in self.talk.everywhere():
            if not self._is_decision(place):
                continue
            self.talk.used.add(place)
            text = AGREED_TAG.sub(".", tidy(self.talk.text(place)))
            if speech.points_back(text) and place[1]:
                text = f"{tidy(self.talk.text((place[0], place[1] - 1)))} {text}"
            if found and place[0] - found[-1][0] <= SOON and _same(found[-1][1], text):
                found.pop()  # what was proposed is said again as it was decided
            found.append((place[0], text))
        return found

    def _is_decision(self, place: Place) -> bool:
        text, after = self.talk.text(place), self.talk.next(place[0])
        if speech.is_procedure(text) or speech.is_undecided(text) or speech.puts_off(text):
            return False
        reply = self.talk.turns[after].text.lower() if after is not None else ""
        if speech.asks(text):
            return bool(AGREED_TAG.search(text)) and speech.accepts(reply)
        if place in self.talk.labels.get("decision", ()) or speech.concludes(text):
            return True
        if not speech.proposes(text) or _OBJECTS.match(reply):
            return False
        if _DECIDING.match(speech.core(text)):
            return True
        closing = place[1] + 2 >= len(self.talk.said[place[0]])
        return closing and (
            speech.agrees(self.talk.turns[place[0]].text) or speech.agrees(reply) or speech.accepts(reply)
        )


def _same(one: str, other: str) -> bool:
    """Whether half of what one of them says is in the other."""
    mine, theirs = speech.content(one), speech.content(other)
    return 2 * len(mine & theirs) >= min(len(mine), len(theirs)) > 0
