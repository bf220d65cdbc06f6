"""What was decided in a talk: what its labels say, and what was proposed and agreed to; not what was taken back."""

import re

from needlework.handlers.text import consent, speech
from needlework.handlers.text.talk import Place, Talk
from needlework.handlers.text.tidy import COUNTED, tidy, together

SOON = 3
"""Turns after a proposal in which it is said again as it was decided."""
_DECIDING = re.compile(
    r"(?:let's|let us) "
    r"(?:not|drop|leave|keep|skip|go with|use|stay|stick|postpone|move|make it|close|cancel|stop|remove)\b"
)
_OBJECTS = re.compile(r"(?:no\b(?! problem)|but\b|hmm|i don't|i do not|i disagree|wait|not sure|why\b|rather not)")
_VAGUE_WORDS = "one ones thing things take make need good okay yeah yes say vote go give want think just"
_VAGUE = frozenset(_VAGUE_WORDS.split())
_IT = re.compile(r"\b(?:it|them|those|these)\b")


def decisions(talk: Talk) -> list[tuple[int, str]]:
    """Turn and words of each, in order."""
    return _Decisions(talk).found()


class _Decisions:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    def found(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for place in self.talk.everywhere():
            text = self.talk.text(place)
            if consent.takes_back(text):
                _take_back(text, found)
            if not self._is_decision(place):
                continue
            self.talk.used.add(place)
            text = self._with_context(place)
            if found and place[0] - found[-1][0] <= SOON and _same(found[-1][1], text):
                found.pop()  # what was proposed is said again as it was decided
            found.append((place[0], text))
            self._restated(place, text)
        return found

    def _restated(self, place: Place, text: str) -> None:
        """What was proposed in the turns before, in nearly the same words, stands here: it is no task of its own."""
        for turn in range(max(0, place[0] - SOON), place[0]):
            for at, said in enumerate(self.talk.said[turn]):
                if consent.proposes(said) and not speech.asks(said) and _same(said, text):
                    self.talk.used.add((turn, at))

    def _with_context(self, place: Place) -> str:
        """The words of a decision, with the sentence before where they do not say by themselves what it is about."""
        text = consent.TAG.sub(".", tidy(self.talk.text(place)))
        if not place[1] or (place[0], place[1] - 1) in self.talk.used:
            return text
        before = self.talk.text((place[0], place[1] - 1))
        pronoun = _IT.search(text.lower()) and not speech.asks(before) and len(speech.content(before)) > 1
        if speech.points_back(text) or (pronoun and not speech.is_procedure(before)):
            return together(tidy(before), text)
        return text

    def _is_decision(self, place: Place) -> bool:
        text, after = self.talk.text(place), self.talk.next(place[0])
        if speech.is_procedure(text) or speech.is_undecided(text) or speech.puts_off(text):
            return False
        if not _says(consent.TAG.sub("", tidy(text))):
            return False
        reply = self.talk.turns[after].text if after is not None else ""
        behind = self.talk.said[place[0]][place[1] + 1 :]
        if consent.TAG.search(text):
            return consent.consents(reply)
        if behind and consent.asks_consent(behind[0], firmly=not consent.may_conclude(text)) and not speech.asks(text):
            return consent.consents(reply, behind[0])
        closing = len(behind) < 2
        if speech.asks(text):
            return closing and consent.proposes(text) and consent.consents(reply)
        if place in self.talk.labels.get("decision", ()) or consent.concludes(text) or self._answers(place):
            return True
        if _OBJECTS.match(reply.lower()):
            return False
        if consent.proposes(text):
            mine = consent.agrees(self.talk.turns[place[0]].text)
            return bool(_DECIDING.match(speech.core(text))) or (closing and (mine or consent.consents(reply)))
        if not behind and consent.should(text):
            return consent.agrees(reply)
        agreed = consent.agrees(reply) if consent.tells_on(text) else consent.consents(reply)
        return closing and consent.follows(text) and agreed

    def _answers(self, place: Place) -> bool:
        """Whether it says what "we" do where another asked whether we do, or repeats a proposal with a "good"."""
        before = self.talk.before.get(place[0])
        if before is None or self.talk.turns[before].speaker == self.talk.turns[place[0]].speaker or place[1] > 1:
            return False
        text = self.talk.text(place)
        asked = [before, self.talk.before.get(before)]
        if any(consent.settles(said, text) for turn in asked if turn is not None for said in self.talk.said[turn][-1:]):
            return True
        again = speech.content(text) & speech.content(self.talk.turns[before].text)
        return place[1] == 0 and consent.closes(text) and len(again) >= 2


def _says(text: str) -> bool:
    """Whether it names a thing by itself: "I'd say two" and "Then it's, yeah" do not."""
    things = (word for word in speech.content(text) - _VAGUE if not COUNTED.fullmatch(word))
    return any(things) and not speech.is_cut(text)


def _take_back(text: str, found: list[tuple[int, str]]) -> None:
    """Leave out what this takes back: the last decision about the same, all that repeat it, or the very last one."""
    shared = [number for number, (_, other) in enumerate(found) if _same(text, other, frozenset())]
    if not shared:
        if found and consent.only_takes_back(text):
            found.pop()
        return
    last = speech.content(found[shared[-1]][1])
    for number in reversed(shared):
        if number == shared[-1] or 2 * len(last & speech.content(found[number][1])) >= len(last):
            del found[number]


def _same(one: str, other: str, vague: frozenset[str] = _VAGUE) -> bool:
    """Whether half of what one of them says is in the other."""
    mine, theirs = speech.content(one) - vague, speech.content(other) - vague
    return 2 * len(mine & theirs) >= min(len(mine), len(theirs)) > 0
