"""What was asked in a talk, and what others said to it: an answer, or that nobody knows yet."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from needlework.handlers.text import consent, deeds, speech
from needlework.handlers.text.talk import PROMISES, Place, Talk
from needlework.handlers.text.tidy import tidy, together

LATER = 10
"""Turns in which a question is put off to another time after all."""
LONGEST_REPLY, MOST_TOLD = 35, 3
"""Words and sentences of a reply that are shown."""
_WALK = re.compile(
    r"(?:\w+,? )?(?:can|could|would|will) (?:you|\w+) (?:please )?(?:take|walk|talk|guide|bring) (?:me|us|everyone)\b"
)


class Asked(NamedTuple):
    """A question, and what was said to it by whom: an answer, or (`open`) that it is not known yet."""

    turn: int
    text: str
    open: bool = True
    who: str = ""
    reply: str = ""


def questions(talk: Talk) -> list[Asked]:
    """All of them, in order, one a turn; what asks for something to be done is none."""
    return _Questions(talk).found()


class _Questions:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    def found(self) -> list[Asked]:
        asked: dict[int, list[Place]] = {}
        for place in sorted(self.talk.labels.get("question", ())):
            if place not in self.talk.used and self._is_question(self.talk.text(place)):
                self.talk.used.add(place)
                asked.setdefault(place[0], []).append(place)
        return [found for places in asked.values() if (found := self._answered(places)) is not None]

    def _taken_on(self, turn: int) -> bool:
        """Whether somebody says "I'll …" soon after "who …?"."""
        soon = [each for later in self.talk.after[turn] for each in self.talk.said[later][:2]]
        return any(speech.core(each).startswith(PROMISES) and not speech.defers(each) for each in soon)

    def _is_question(self, text: str) -> bool:
        """Whether somebody wants to know something; what is to be done stands elsewhere."""
        if speech.is_procedure(text) or deeds.is_request(text, self.talk.names) or _WALK.match(speech.core(text)):
            return False
        if text.rstrip().endswith((".", "!")):
            return False  # "What worries me is the price."
        return not consent.TAG.search(text) and len(text.split()) >= 3 and bool(speech.content(text))

    def _answered(self, places: Sequence[Place]) -> Asked | None:
        """A turn's questions with what others said; None where that is a task or a decision, which stands elsewhere."""
        turn, question = places[-1][0], self.talk.text(places[-1])
        text = together(*(tidy(self.talk.text(place)) for place in places))
        if speech.core(question).startswith("who ") and self._taken_on(turn):
            return None
        another = False
        for later in self.talk.after[turn]:
            speaker, said = self.talk.turns[later].speaker, self.talk.said[later]
            if speaker == self.talk.turns[turn].speaker:
                continue
            if any(map(speech.looks, said[:3])) and self._tells(question, later):
                continue
            if any(map(speech.defers, said[:3])):
                reply = "" if another else self._reply([(later, at) for at in range(len(said))])
                return Asked(turn, text, True, speaker if reply else "", reply)
            another = another or all(map(speech.asks, said))
            told = [(later, at) for at, each in enumerate(said) if speech.is_answer(question, each)]
            fresh = [place for place in told if place not in self.talk.used]
            if fresh:
                return Asked(turn, text, self._put_off(later, question), speaker, self._reply(fresh))
            if told:
                return None
        return Asked(turn, text)

    def _tells(self, question: str, turn: int) -> bool:
        """Whether who only looks in this turn tells what he found in one of his next."""
        mine = (
            each for each in self.talk.after[turn] if self.talk.turns[each].speaker == self.talk.turns[turn].speaker
        )
        said = next((self.talk.said[each] for each in mine), [])
        return any(speech.is_answer(question, each) and not speech.defers(each) for each in said[:2])

    def _reply(self, told: Sequence[Place]) -> str:
        """The first sentences of a reply that stand nowhere else, up to where it turns to something else."""
        shown: list[str] = []
        for place in told:
            text = self.talk.text(place)
            long = len(" ".join([*shown, text]).split()) > LONGEST_REPLY or len(shown) == MOST_TOLD
            if place in self.talk.used or (shown and (long or deeds.is_request(text, self.talk.names))):
                break
            if speech.content(text) or not shown:
                shown.append(tidy(text))
                self.talk.used.add(place)
        return together(*shown)

    def _put_off(self, turn: int, question: str) -> bool:
        about = speech.content(question)
        later = (said for each in self.talk.said[turn : turn + LATER] for said in each)
        return any(speech.puts_off(said) and about & speech.content(said) for said in later)
