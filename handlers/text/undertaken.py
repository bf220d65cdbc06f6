"""What is left to be done after a talk, and by whom: asked for, promised, or taken on in the next turn."""

import re
from typing import NamedTuple

from needlework.handlers.text import speech
from needlework.handlers.text.talk import PROMISES, Place, Talk, first
from needlework.handlers.text.tidy import tidy

FEW = 4
"""Words with a meaning of their own in a sentence that may need the one before it."""
_PRONOUN = re.compile(r"\b(?:it|that|this|them|those|these|one|do)\b")
_REFERS = re.compile(r"\b(?:it|them|him|her|those|these)\b")
_WISH = re.compile(r"(?:i'd|i would) (?:start|say|take|rather|go|propose|suggest)\b")
_OFFERS = re.compile(r"(?:i can|i could|i'd like to|i would like to|shall i|should i)\b")
_DO_SO = re.compile(r"(?:please do|do (?:it|so|that)|go for it|yes,? please)\b")


class Task(NamedTuple):
    """Something to be done, in the words in which it was said; `owner` is empty where nobody took it on."""

    turn: int
    text: str
    owner: str


def tasks(talk: Talk) -> list[Task]:
    """All of them, in order; what a decision says already is none."""
    return _Tasks(talk).found()


class _Tasks:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.taken: list[Task] = []
        """What somebody has said yes to: what he promises then is something else."""

    def found(self) -> list[Task]:
        wanted = self.talk.labelled("action_items", "follow_up_promised")
        wanted |= {each for each in self.talk.everywhere() if self._is_plain(self.talk.text(each))}
        found: list[tuple[Place, Task]] = []
        for place in self.talk.everywhere():
            text = self.talk.text(place)
            if speech.is_taken(text) or _DO_SO.match(speech.core(text)):
                if place in wanted or place[1] < 2:
                    self._take(place, found)
            elif place in wanted and place not in self.talk.used and self._is_task(text):
                self.talk.used.add(place)
                self._add(place, text, found)
        return [task for _, task in found]

    def _is_plain(self, text: str) -> bool:
        """Whether its words alone make it a task, whatever the labels found (they quote ten sentences at most)."""
        return speech.commits(text) or speech.assigns(text, self.talk.names)

    def _is_task(self, text: str) -> bool:
        if speech.is_procedure(text) or speech.recaps(text) or not speech.content(text):
            return False
        if speech.puts_off(text) or (speech.is_undecided(text) and " i'll " not in text.lower()):
            return False
        if _WISH.match(speech.core(text)):
            return False
        return not speech.asks(text) or speech.is_request(text, self.talk.names) or speech.commits(text)

    def _add(self, place: Place, text: str, found: list[tuple[Place, Task]]) -> None:
        """A new task, or more about the one that was just asked for and is promised here."""
        speaker, own = self.talk.turns[place[0]].speaker, tidy(text)
        plainly = speech.core(text).startswith(PROMISES)
        promised = plainly or place in self.talk.labels.get("follow_up_promised", ())
        asked = self._asked_before(place, speaker, found) if promised else None
        if not promised and self._wanted(place, own, found):
            return
        if asked is None:
            named = "" if plainly else self._named(text, speaker)
            owner = named or (speaker if promised or _OFFERS.match(speech.core(text)) else self._accepting(place, text))
            found.append((place, Task(place[0], self._with_context(place, own), owner)))
            return
        before, task = found[asked]
        wanted = speech.content(task.text)
        if _PRONOUN.search(speech.core(text)) or 2 * len(wanted & speech.content(text)) < len(wanted):
            own = f"{task.text} {own}"
        found[asked] = (before, Task(before[0], own, speaker))
        self.taken.append(found[asked][1])

    def _wanted(self, place: Place, own: str, found: list[tuple[Place, Task]]) -> bool:
        """Whether this says yes to what somebody just offered to do; then both are one task, his."""
        if not found or place[1] or self.talk.before.get(place[0]) != found[-1][1].turn or not speech.accepts(own):
            return False
        before, task = found[-1]
        if not _OFFERS.match(speech.core(task.text)):
            return False
        found[-1] = (before, Task(task.turn, f"{task.text} {own}", self.talk.turns[task.turn].speaker))
        return True

    def _with_context(self, place: Place, own: str) -> str:
        """With the sentence before, where the words alone do not say whom or what they mean."""
        before = (place[0], place[1] - 1)
        if (
            not place[1]
            or before in self.talk.used
            or not _REFERS.search(own.lower())
            or len(speech.content(own)) > FEW
        ):
            return own
        text = self.talk.text(before)
        if speech.asks(text) or speech.is_procedure(text) or not speech.content(text):
            return own
        if len(speech.content(text)) < FEW - 1:
            last = self.talk.before.get(place[0])
            asked = None if last is None else (last, len(self.talk.said[last]) - 1)
            if asked is None or not speech.asks(self.talk.text(asked)) or not speech.defers(text):
                return own
            self.talk.used.add(asked)  # a question of which somebody takes care
            return f"{tidy(self.talk.text(asked))} {own}"
        self.talk.used.add(before)
        return f"{tidy(text)} {own}"

    def _asked_before(self, place: Place, speaker: str, found: list[tuple[Place, Task]]) -> int | None:
        """The task that another asked for in the turn before, and that is nobody else's: here it is taken on."""
        if not found or place[1] > 1:
            return None
        (turn, _), task = found[-1]
        if task in self.taken or _OFFERS.match(speech.core(task.text)):
            return None
        other = self.talk.turns[turn].speaker != speaker
        return (
            len(found) - 1 if other and turn == self.talk.before.get(place[0]) and task.owner in ("", speaker) else None
        )

    def _take(self, place: Place, found: list[tuple[Place, Task]]) -> None:
        """ "I'll do that": of what was asked for before; else of the question, or of the words, before."""
        speaker, said = self.talk.turns[place[0]].speaker, tidy(self.talk.text(place))
        asked = self._asked_before(place, speaker, found)
        if asked is not None:
            before, task = found[asked]
            found[asked] = (before, task._replace(owner=speaker))
            self.taken.append(found[asked][1])
            self.talk.used.add(place)
            return
        do_so = bool(_DO_SO.match(speech.core(said)))
        context = self._offered(place[0]) if do_so else self._before(place)
        if context is None or context in self.talk.used:
            return
        text = tidy(self.talk.text(context))
        if do_so:
            found.append((context, Task(context[0], text, self.talk.turns[context[0]].speaker)))
        elif len(speech.content(text)) >= 2 and (speech.asks(text) or context[0] == place[0]):
            found.append((place, Task(place[0], f"{text} {said}", speaker)))
        else:
            return
        self.talk.used |= {place, context}

    def _offered(self, turn: int) -> Place | None:
        """What somebody else offered to do in the turn before."""
        before = self.talk.before.get(turn)
        if before is None or self.talk.turns[before].speaker == self.talk.turns[turn].speaker:
            return None
        said = enumerate(self.talk.said[before])
        return next(((before, at) for at, text in said if _OFFERS.match(speech.core(text))), None)

    def _before(self, place: Place) -> Place | None:
        """The sentence before that says something: in the same turn, or what another said last."""
        turn, at = place
        own = [(turn, index) for index in reversed(range(at))]
        last = self.talk.before.get(turn)
        others = [] if last is None else [(last, index) for index in reversed(range(len(self.talk.said[last])))]
        for before in own + others:
            text = self.talk.text(before)
            if speech.content(text) and not (speech.is_procedure(text) or speech.defers(text)):
                return before
        return None

    def _accepting(self, place: Place, text: str) -> str:
        """Who says yes, in the next turn, to what "you" are asked for."""
        after = self.talk.next(place[0])
        if (
            after is None
            or place[1] + 1 < len(self.talk.said[place[0]])
            or not speech.is_request(text, self.talk.names)
        ):
            return ""
        return self.talk.turns[after].speaker if speech.accepts(self.talk.turns[after].text) else ""

    def _named(self, text: str, speaker: str) -> str:
        """Who is asked by name."""
        words = re.findall(r"[\w'-]+", text.lower())
        named = [name for part, name in self.talk.names.items() if part in words and name != speaker]
        named = [name for name in named if _addressed(first(name), text.lower())]
        return sorted(named, key=lambda name: words.index(first(name)))[0] if named else ""


def _addressed(name: str, text: str) -> bool:
    """Whether a sentence gives something to do to who is called so, rather than speaks of him."""
    n = re.escape(name)
    return bool(
        re.search(
            rf"(?:^|[,.;:] |\b(?:please|and|so|then|okay|yes),? )@?{n}(?: \w+)?[,:]|,\s*{n}\s*[?.!]*$|"
            rf"\b(?:can|could|would|will) {n}\b|"
            rf"(?<!or )(?<!and )\b{n} (?:will|should|must|needs to|has to|can you|could you|please)\b",
            text,
        )
    )
