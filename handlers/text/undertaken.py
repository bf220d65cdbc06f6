"""What is left to be done after a talk, and by whom: asked for, promised, or taken on in the next turn."""

import re

from needlework.handlers.text import deeds, speech
from needlework.handlers.text.talk import PROMISES, Place, Talk, first
from needlework.handlers.text.tidy import tidy, together
from needlework.handlers.text.timed import Task, names_day, says_until, timed

FEW = 4
"""Words with a meaning of their own in a sentence that may need the one before it."""
_PRONOUN = re.compile(r"\b(?:it|that|this|them|those|these|one|do)\b")
_REFERS = re.compile(r"\b(?:it|them|him|her|those|these|one)\b")
_WISH = re.compile(
    r"(?:i'd|i would) (?:start|say|take|rather|go|propose|suggest)\b|(?:we|they|one) (?:could|might|may)\b|"
    r"i need (?:until|till|some|a|more) |we (?:still )?(?:have|need) to (?:settle|decide|talk|discuss|agree|clarify)\b"
)
_OFFERS = re.compile(r"(?:i can|i could|i'd like to|i would like to|shall i|should i)\b")
_DO_SO = re.compile(r"(?:please do|do (?:it|so|that)|go for it|yes,? please)\b")
_SEAM = re.compile(r",?(?: and|;) (?=(?:I|[A-Z][a-z]+|you)(?:,|'ll|’ll)? )")
"""Where a sentence may give a second person something to do."""


def tasks(talk: Talk) -> list[Task]:
    """All of them, in order; what a decision says already is none."""
    return _Tasks(talk).found()


class _Tasks:
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.taken: list[Task] = []
        """What somebody has said yes to: what he promises then is something else."""
        self.urged: list[Task] = []
        """What somebody offered, and was told to do."""

    def found(self) -> list[Task]:
        wanted = self.talk.labelled("action_items", "follow_up_promised")
        wanted |= {each for each in self.talk.everywhere() if self._is_plain(each, self.talk.text(each))}
        found: list[tuple[Place, Task]] = []
        for place in self.talk.everywhere():
            stands = place in self.talk.used
            for text in self._parts(place):
                if deeds.is_taken(text) or _DO_SO.match(speech.core(text)):
                    if place in wanted or place[1] < 2:
                        self._take(place, text, found)
                elif place in wanted and not stands and self._is_task(text):
                    self.talk.used.add(place)
                    self._add(place, text, found)
        return [task for _, task in timed(self.talk, found)]

    def _parts(self, place: Place) -> list[str]:
        """A sentence; in two where each half gives something to do to somebody: "Jo will …, and I write …"."""
        text = self.talk.text(place)
        for seam in _SEAM.finditer(text):
            parts = [f"{text[: seam.start()]}.", text[seam.end() :]]
            if all(self._is_plain(place, each) or deeds.is_request(each, self.talk.names) for each in parts):
                return parts
        return [text]

    def _is_plain(self, place: Place, text: str) -> bool:
        """Whether its words alone make it a task, whatever the labels found (they quote ten sentences at most)."""
        if deeds.commits(text) or deeds.assigns(text, self.talk.names):
            return True
        before, after = self.talk.before.get(place[0]), self.talk.next(place[0])
        if deeds.does(text):
            last = self.talk.said[before][-1:] if before is not None else []
            who = any(speech.core(each).startswith("who ") for each in last)
            return who or names_day(text) or deeds.conditional(text)
        closing = place[1] + 2 >= len(self.talk.said[place[0]])
        reply = self.talk.turns[after].text if after is not None else ""
        accepted = speech.accepts(reply) or says_until(reply)
        return closing and accepted and deeds.offers(text) and not _WISH.match(speech.core(text))

    def _is_task(self, text: str) -> bool:
        if speech.is_procedure(text) or speech.recaps(text) or speech.is_cut(text) or not speech.content(text):
            return False
        if deeds.is_idle(text) and not names_day(text):
            return False
        if speech.puts_off(text) or (speech.is_undecided(text) and " i'll " not in text.lower()):
            return False
        if _WISH.match(speech.core(text)):
            return False
        return not speech.asks(text) or deeds.is_request(text, self.talk.names) or deeds.commits(text)

    def _add(self, place: Place, text: str, found: list[tuple[Place, Task]]) -> None:
        """A new task, or more about the one that was just asked for and is promised here."""
        speaker, own = self.talk.turns[place[0]].speaker, tidy(text)
        plainly = speech.core(text).startswith(PROMISES) or deeds.does(text) or deeds.commits(text)
        if (plainly and self._urged(speaker, own, found)) or self._goes_on(place, own, found):
            return
        promised = plainly or place in self.talk.labels.get("follow_up_promised", ())
        asked = self._asked_before(place, speaker, found) if promised else None
        if not promised and self._wanted(place, own, found):
            return
        if asked is None:
            named = "" if plainly else self._named(text, speaker)
            owner = named or (
                speaker if promised or _offers(text) or deeds.mine(text) else self._accepting(place, text)
            )
            found.append((place, Task(place[0], self._with_context(place, own), owner)))
            return
        before, task = found[asked]
        wanted = speech.content(task.text)
        if _PRONOUN.search(speech.core(text)) or 2 * len(wanted & speech.content(text)) < len(wanted):
            own = together(task.text, own)
        found[asked] = (before, Task(before[0], own, speaker))
        self.taken.append(found[asked][1])

    def _urged(self, speaker: str, own: str, found: list[tuple[Place, Task]]) -> bool:
        """Whether this tells more of what the speaker was just told to go and do: "Please do." "I'll see him then."."""
        if (
            not found
            or found[-1][1] not in self.urged
            or found[-1][1].owner != speaker
            or not _REFERS.search(own.lower())
        ):
            return False
        before, task = found[-1]
        found[-1] = (before, task._replace(text=together(task.text, own)))
        return True

    def _goes_on(self, place: Place, own: str, found: list[tuple[Place, Task]]) -> bool:
        """Whether it says no more than when, or how, the speaker does what he said just before: "I can do it now."."""
        if not found or found[-1][0] != (place[0], place[1] - 1) or not _offers(own):
            return False
        if not _PRONOUN.search(own.lower()) or len(speech.content(own)) > FEW - 1:
            return False
        before, task = found[-1]
        found[-1] = (before, task._replace(text=together(task.text, own)))
        return True

    def _wanted(self, place: Place, own: str, found: list[tuple[Place, Task]]) -> bool:
        """Whether this says yes to what somebody just offered to do; then both are one task, his."""
        if not found or place[1] or self.talk.before.get(place[0]) != found[-1][1].turn or not speech.accepts(own):
            return False
        before, task = found[-1]
        if not _offers(task.text):
            return False
        found[-1] = (before, Task(task.turn, together(task.text, own), self.talk.turns[task.turn].speaker))
        return True

    def _with_context(self, place: Place, own: str) -> str:
        """With the sentence before, where the words alone do not say whom or what they mean."""
        before = self._said_before(place)
        if before is None or before in self.talk.used or not _REFERS.search(own.lower()):
            return own
        text = self.talk.text(before)
        if len(speech.content(own)) > FEW or speech.asks(text) or speech.is_procedure(text) or not speech.content(text):
            return own
        if len(speech.content(text)) < FEW - 1 and before[0] == place[0]:
            last = self.talk.before.get(place[0])
            asked = None if last is None or not self.talk.said[last] else (last, len(self.talk.said[last]) - 1)
            if asked is None or not speech.asks(self.talk.text(asked)) or not speech.defers(text):
                return own
            self.talk.used.add(asked)  # a question of which somebody takes care
            return together(tidy(self.talk.text(asked)), own)
        self.talk.used.add(before)
        return together(tidy(text), own)

    def _said_before(self, place: Place) -> Place | None:
        """The sentence before in the same turn; at its beginning, what another said last to be lacking."""
        if place[1]:
            return place[0], place[1] - 1
        turn = self.talk.before.get(place[0])
        if turn is None or not self.talk.said[turn]:
            return None
        last = (turn, len(self.talk.said[turn]) - 1)
        return last if deeds.is_lacking(self.talk.text(last)) else None

    def _asked_before(self, place: Place, speaker: str, found: list[tuple[Place, Task]]) -> int | None:
        """The task that another asked for in the turn before, and that is nobody else's: here it is taken on."""
        if not found or place[1] > 1:
            return None
        (turn, _), task = found[-1]
        if task in self.taken or _offers(task.text):
            return None
        other = self.talk.turns[turn].speaker != speaker
        return (
            len(found) - 1 if other and turn == self.talk.before.get(place[0]) and task.owner in ("", speaker) else None
        )

    def _take(self, place: Place, said: str, found: list[tuple[Place, Task]]) -> None:
        """ "I'll do that": of what was asked for before; else of the question, or of the words, before."""
        speaker, said = self.talk.turns[place[0]].speaker, tidy(said)
        asked = self._asked_before(place, speaker, found)
        if asked is not None:
            before, task = found[asked]
            found[asked] = (before, task._replace(owner=speaker))
            self.taken.append(found[asked][1])
            self.talk.used.add(place)
            return
        if speech.looks(said) and self._comes_back(place[0]):
            return
        do_so = bool(_DO_SO.match(speech.core(said)))
        context = self._offered(place[0]) if do_so else self._before(place)
        if context is None or context in self.talk.used:
            return
        text = tidy(self.talk.text(context))
        if do_so:
            self.urged.append(Task(context[0], text, self.talk.turns[context[0]].speaker))
            found.append((context, self.urged[-1]))
        elif len(speech.content(text)) >= 2 and (speech.asks(text) or context[0] == place[0] or deeds.is_lacking(text)):
            found.append((place, Task(place[0], together(text, said), speaker)))
        else:
            return
        self.talk.used |= {place, context}

    def _comes_back(self, turn: int) -> bool:
        """Whether who says "let me check" tells what he found within the next turns."""
        speaker = self.talk.turns[turn].speaker
        mine = (self.talk.said[each] for each in self.talk.after[turn][:3] if self.talk.turns[each].speaker == speaker)
        return any(not speech.asks(said[0]) and len(speech.content(said[0])) > 2 for said in mine if said)

    def _offered(self, turn: int) -> Place | None:
        """What somebody else offered to do in the turn before."""
        before = self.talk.before.get(turn)
        if before is None or self.talk.turns[before].speaker == self.talk.turns[turn].speaker:
            return None
        said = enumerate(self.talk.said[before])
        return next(((before, at) for at, text in said if _offers(text)), None)

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
        if after is None or place[1] + 1 < len(self.talk.said[place[0]]) or not deeds.is_request(text, self.talk.names):
            return ""
        return self.talk.turns[after].speaker if speech.accepts(self.talk.turns[after].text) else ""

    def _named(self, text: str, speaker: str) -> str:
        """Who is asked by name."""
        words = re.findall(r"[\w'-]+", text.lower())
        named = [name for part, name in self.talk.names.items() if part in words and name != speaker]
        named = [name for name in named if _addressed(first(name), text.lower())]
        return sorted(named, key=lambda name: words.index(first(name)))[0] if named else ""


def _offers(text: str) -> bool:
    return bool(_OFFERS.match(speech.core(text))) or (deeds.offers(text) and not _WISH.match(speech.core(text)))


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
