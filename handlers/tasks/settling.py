"""What a conversation makes of its requests: taken on in the next turn, done there already, or asked in vain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from needlework.bus.clock import SECOND
from needlework.handlers.labels.messages import LabelEvidence
from needlework.handlers.tasks.days import day_of_clause, without_day
from needlework.handlers.tasks.owners import full_name, same_person
from needlework.handlers.tasks.pointing import answers, meaning, of_person, points, with_subject
from needlework.handlers.tasks.store import Scene
from needlework.handlers.tasks.titles import SMALL_WORDS
from needlework.handlers.tasks.turns import Turn, Turns
from needlework.handlers.text import speech
from needlework.handlers.text.deeds import is_taken
from needlework.handlers.text.frames import Whose
from needlework.handlers.text.tidy import FUNCTION_WORDS
from needlework.handlers.times import read_time

FAULT = "task_issue_bug"
REPLY = 3
"""Sentences of an answer in which it says yes, or that it is done."""
SHORT = 4
"""Words of a plain yes."""
_YES = re.compile(
    r"(?:and |so |but |well,? )?(?:yes|yeah|yep|sure|ok(?:ay)?|of course|will do|i will|i'll|absolutely|no problem|"
    r"certainly|gladly|happy to|on it|i'm on it|consider it done|agreed|deal|understood|with pleasure|can do|"
    r"(?:you )?got it|right away|definitely)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"(?:[a-z]+ [^\W\d_]+,\s+)?(?:(?:it|that|all)(?:'s| is) )?(?:done|fixed|sent|solved|resolved)\b"
    r"(?! by| until| on| in)|"
    r"\battached\b|\bhere (?:it is|they are|you go|you are)\b|\b(?:i|we) (?:hereby )?confirm\b|"
    r"\b(?:i|we)(?:'ve| have) (?:just |now |already )?(?:sent|added|done|updated|fixed|changed|created|uploaded|shared|"
    r"merged|corrected|booked|paid|cancelled|canceled|removed|renamed|released)(?: (?:it|that|them|this|both))?"
    r"(?:[.!,;]|$)",
    re.IGNORECASE,
)
_WELL = re.compile(
    r"(?:(?:ok(?:ay)?|yes|great|perfect|thanks?(?: you)?|thank you)\b[\s,.!]*)*"
    r"(?:(?:it|that|this|everything|all)(?: now)? (?:works|is (?:working|fixed|solved|fine))|works|solved|fixed|"
    r"much better|problem solved|that (?:did it|fixed it|solved it|helped))\b",
    re.IGNORECASE,
)
"""With this who reported a fault says that it is over."""
_IT = re.compile(r"Fix: (?:(?:it|this|that|they)\b|(?:i|we)\b.*\b(?:it|this)\b)", re.IGNORECASE)
"""Says more of a fault that was told of."""
_COUNTED = re.compile(r"\bthe (?:two|three|four|five|others|rest)$", re.IGNORECASE)
"""What points at several that the request names."""
_HOW = re.compile(r"\b(?:how (?:do|can|could|should|would) i|how to|where (?:do|can) i|can i)\b.*\?", re.IGNORECASE)
"""A question that instructions answer."""


class Item(msgspec.Struct):
    """A task in a conversation, the sentence that says it, and where that stands."""

    label: LabelEvidence
    title: str
    owner: str | None
    due_on: date | None
    turn: Turn | None
    place: int = 0
    kept: bool = True
    """False where it was done in the conversation, or is none after all."""
    taken_by: str | None = None
    first_owner: str | None = None
    """Whom its own words name; what makes it the same suggestion before and after somebody has taken it on."""
    whose: Whose | None = None
    """Whom its words leave it to."""
    joined: bool = False
    """Whether a promise has become one with it."""
    proves: Item | None = None
    """The request that this answer takes on; it has no task of its own."""

    @property
    def fault(self) -> bool:
        """Whether it says what is broken."""
        return self.label.label == FAULT and self.whose is None

    @property
    def promised(self) -> bool:
        """Whether who says it is who will do it."""
        if self.label.label == "follow_up_promised":
            return True
        return self.turn is not None and self.owner is not None and same_person(self.owner, self.turn.speaker)


class Circumstances(NamedTuple):
    """What a sentence is read with: the turns around it, who takes part, and where it is said."""

    turns: Turns
    scene: Scene
    zone: ZoneInfo


def settled(items: Sequence[Item], around: Circumstances) -> list[Item]:
    """The items, in order, each as what followed makes it; answers that take one on stand behind it as its proof."""
    placed = [each for each in items if each.turn is not None]
    proofs: list[Item] = []
    for item in placed:
        item.first_owner = item.owner
        if item.fault:
            item.kept = not _is_over(item, around)
            item.proves = _same_fault(item, placed) if item.kept else None
        elif item.whose == "we" and around.scene.channel == "meeting" and item.due_on is None:
            item.kept = False  # "let us leave it out": what is proposed to all is decided there, or not
        elif not item.promised:
            proofs += _answered(item, placed, around)
    for item in placed:
        if item.promised and item.title and not item.fault:
            _keeps(item, placed, around)
    for item in items:
        if item.kept and not item.fault and points(item.title):
            item.title = _meant(item, around)
    found = [*items, *proofs]
    for item in found:
        if (request := item.proves) is not None:
            item.title, item.owner, item.due_on = request.title, request.owner, request.due_on
            item.first_owner, item.kept = request.first_owner, request.kept
    return found


def _answered(item: Item, items: Sequence[Item], around: Circumstances) -> list[Item]:
    """Look at the turn that follows a request: done, taken on (by a sentence that is no task itself), or neither."""
    turn = item.turn
    assert turn is not None
    if _instructs(item, turn, around):
        item.kept = False
        return []
    answer = around.turns.answer(turn, item.owner)
    if answer is None or not item.title:
        return []
    if any(_DONE.search(each) for each in answer.said[:REPLY]) or _fulfilled(item, around):
        item.kept = False
        return []
    at = next((at for at, each in enumerate(answer.said[:REPLY]) if _takes(each, item, around)), None)
    if at is None or not _is_for(item, answer, items):
        return []
    item.taken_by = item.owner = _name(answer, around)
    start, end = answer.spans[at]
    day = _day(answer.said[at], item, around)
    item.due_on = day or item.due_on
    labelled = next((each for each in items if each.turn is answer and each.place == at), None)
    if labelled is None:
        return [_proof(item, answer, start, end)]
    if not labelled.title:  # "Will do." has a label of its own
        labelled.proves = item
    return []


def _fulfilled(item: Item, around: Circumstances) -> bool:
    """Whether somebody else said later that what was asked for is done, and named it."""
    assert item.turn is not None
    wanted = _stems(item.title) - {item.title.split()[0].lower()}
    later = [each for each in around.turns.later(item.turn) if each.speaker != item.turn.speaker]
    return any(_DONE.search(said) and wanted & _stems(said) for each in later for said in each.said)


def _takes(sentence: str, item: Item, around: Circumstances) -> bool:
    """Whether a sentence says yes and no more: "Sure", "I'll do that by Friday"."""
    if speech.asks(sentence) or speech.defers(sentence):
        return False
    bare = without_day(sentence.replace("’", "'"), _said_at(item, around), around.zone)
    return is_taken(bare) or (_YES.match(bare) is not None and len(bare.split()) <= SHORT)


def _is_for(item: Item, answer: Turn, items: Sequence[Item]) -> bool:
    """Whether who answers may mean this one: it is his, or nobody's and the last of those."""
    if item.owner is not None:
        return same_person(item.owner, answer.speaker)
    asked = [each for each in items if each.turn is item.turn and not each.promised and not each.fault]
    return [each for each in asked if each.owner is None][-1:] == [item] and not any(
        same_person(each.owner, answer.speaker) for each in asked if each.owner is not None
    )


def _keeps(item: Item, items: Sequence[Item], around: Circumstances) -> None:
    """A promise that answers a request is that one's: its title, its day where the promise names none."""
    turn = item.turn
    assert turn is not None
    asked = around.turns.asked(turn)
    parts = [each for each in items if each.turn is turn and each.place == item.place]
    for request in reversed([each for each in items if each.turn is asked and each.kept and each.title]):
        if asked is None or request.joined or request.promised or request.fault or not _may_be(request, turn):
            continue
        pointing = item.place < REPLY and (points(item.title) or _COUNTED.search(item.title) is not None)
        if pointing and answers(item.title):
            item.proves, request.owner = request, request.owner or item.owner
            return
        if pointing or _alike(item.title, request.title):
            _join(item, request, parts)
            return


def _may_be(request: Item, turn: Turn) -> bool:
    """Whether somebody may promise this: it is his already, or nobody's."""
    return all(who is None or same_person(who, turn.speaker) for who in (request.owner, request.taken_by))


def _join(item: Item, request: Item, parts: Sequence[Item]) -> None:
    """A request and the promise to fulfil it are one task: the day of the promise, the words that say more."""
    shared = sum(_alike(each.title, request.title) for each in parts)
    split = shared > 1 or (not points(item.title) and len(_stems(item.title)) > len(_stems(request.title)))
    request.title = item.title = item.title if split else request.title
    request.due_on = item.due_on = item.due_on or request.due_on
    request.owner = request.taken_by = item.owner = item.owner or request.owner
    item.first_owner, request.joined = request.first_owner, True


def _alike(one: str, other: str) -> bool:
    """Whether two titles share half of the words of the shorter, and more than their verbs."""
    mine, theirs = _stems(one), _stems(other)
    both = mine & theirs
    verbs = {title.split()[0].lower().rstrip("s") for title in (one, other) if title}
    return bool(both - verbs) and 2 * len(both) >= min(len(mine), len(theirs))


def _stems(title: str) -> set[str]:
    words = {word.rstrip("s") for word in re.findall(r"[^\W_]+", title.lower()) if word not in SMALL_WORDS}
    return words - FUNCTION_WORDS


def _instructs(item: Item, turn: Turn, around: Circumstances) -> bool:
    """Whether it tells somebody what to do who asked how, or what a help desk asks of who needs help."""
    asked = around.turns.asked(turn)
    if asked is None or item.due_on is not None or not (item.owner is None or same_person(item.owner, asked.speaker)):
        return False
    return turn.speaker in around.scene.shared or any(_HOW.search(each) for each in asked.said)


def _same_fault(item: Item, items: Sequence[Item]) -> Item | None:
    """The fault of which a sentence says more: "It crashes when …"."""
    if item.turn is None or not _IT.match(item.title):
        return None
    before = [each for each in items[: items.index(item)] if each.fault and each.title and each.proves is None]
    return next((each for each in reversed(before) if each.turn and item.turn.at - each.turn.at <= 1), None)


def _is_over(item: Item, around: Circumstances) -> bool:
    """Whether who reported a fault said later that it is gone."""
    assert item.turn is not None
    later = [each for each in around.turns.later(item.turn) if each.speaker == item.turn.speaker]
    return any(_WELL.match(said) for each in later for said in each.said[:REPLY])


def _meant(item: Item, around: Circumstances) -> str:
    """A title without its pronoun, or with the subject behind it; none where neither says what is meant."""
    if item.turn is not None:
        names = [name for name in (item.turn.speaker, item.owner) if name]
        where = around.turns.named if of_person(item.title) else around.turns.before
        title = meaning(item.title, where(item.turn, item.place), names)
        if title is not None and not points(title):
            return title
    subject = "" if around.scene.channel in ("meeting", "slack", "chat") else around.scene.subject
    title = with_subject(item.title, subject)
    return title if title != item.title else ""


def _day(sentence: str, item: Item, around: Circumstances) -> date | None:
    text = " ".join(sentence.replace("’", "'").split())
    return day_of_clause(text, text, _said_at(item, around), around.zone)


def _said_at(item: Item, around: Circumstances) -> datetime:
    return datetime.fromtimestamp(read_time(item.label.sent_at) / SECOND, around.zone)


def _name(turn: Turn, around: Circumstances) -> str | None:
    return None if turn.speaker is None else full_name(turn.speaker, around.scene.people)


def _proof(item: Item, answer: Turn, start: int, end: int) -> Item:
    """The answer as one more sentence that proves the request's task."""
    span = msgspec.structs.replace(
        item.label.evidence[0], message_id=answer.message, start=start, end=end, quote=answer.text[start:end]
    )
    label = msgspec.structs.replace(item.label, evidence=[span], sender=answer.speaker)
    return Item(label, item.title, item.owner, item.due_on, answer, proves=item)
