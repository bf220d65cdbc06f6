"""A sentence as a task: what is to be done, verb first, who is to do it, and until when.

Rules, not a model: the sentence was judged to be a request, a promise or a fault already. Here its frame ("could you
please", "I will") is taken away, and what is left begins with its verb; where no part does, there is nothing to do.
"""

import re
from collections.abc import Collection
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.tasks.days import DEADLINE, Until, day_of_clause, plain, until, without_day
from needlework.handlers.tasks.owners import full_name, owner_in, same_person, to_come
from needlework.handlers.text.clauses import BULLET, CONDITION, MARKED, bare, clauses
from needlework.handlers.text.frames import Whose, acts, asked
from needlework.handlers.text.idle import asks_for_nothing, is_supposed
from needlework.handlers.words import minute, shorten

MAX_TITLE = 80
FIX = "Fix: "
"""What the title of a fault begins with."""
LONGEST = 400
"""Characters of a line that are read: what a rule looks for stands at its beginning, or nowhere."""
_SMALL = "the a an to of for please me us you your our my his her their it this that with and on in at"
SMALL_WORDS = frozenset(_SMALL.split())
"""What two titles may differ in and be the same task."""
_DONE = re.compile(r"^\W{0,4}\[[xX]\]")
_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s")
_COURTEOUS = re.compile(
    r"\b(?:have|get|find|got|'ve got) (?:a |some |any |the )?(?:\w+ )?(?:time|moment|minute|chance|second|sec)|"
    r"\bpossible\b|"
    r"\b(?:ok(?:ay)?|fine|convenient|all right|alright) (?:with|for|by) you\b|\byou (?:can|could|don't mind|agree|"
    r"want)$|"
    r"\bneed be\b|\btoo much (?:trouble|to ask)|\bconvenience\b|\bfree\b",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"[,;]? and (?:i|we|you|he|she|they)(?:'ll| will)\b|[,;]? (?:(?:as|since|because) )?"
    r"(?:we|i) need (?:it|them|this|that)\b|[,;]? or (?:we|i|you|they|he|she|it)\b",
    re.IGNORECASE,
)
"""A second promise, which is another task; why it is needed; what happens else."""
_ANSWERED = re.compile(
    r"\W*(?:[\w'’-]+\s+){1,3}?(?:does|do|did|is|are|was|were|has|have|can|could|will|would)(?:\s+not|n['’]t)\W*|"
    r"\W*(?:it|this|that)(?:['’]s|\s+(?:is|was))\s+not\s+(?:the|their|our|your|my|his|her|an?)\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""What answers somebody and tells of no fault: "Ines does not", "It is not their data, it is us"."""
_PLEADED = re.compile(r"\bplease\b", re.IGNORECASE)
_OPEN = re.compile(
    r"^\W*(?:(?:and|but|so|hi|hello|hey|ok(?:ay)?)\W+)*(?:is|are|am|was|were|do|does|did|has|have|had|can|could|"
    r"will|would|"
    r"should|or|what|who|when|where|which|how)\b",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"\b(?:not|no|never|nothing|nobody|none|cannot|without|un\w{4,}|in(?:correct|valid|consistent)|fail\w*|crash\w*|"
    r"errors?|"
    r"exceptions?|broke\w*|bugs?|wrong\w*|missing|slow\w*|stuck|lost|loses?|hangs?|hung|freez\w+|froze\w*|blank|"
    r"white|empty|twice|"
    r"duplicate\w*|disappear\w*|vanish\w*|stops?|stopped|time[sd]? ?out|timeouts?|outage|down|leaks?|denied|"
    r"refus\w+|reject\w+|"
    r"regression|issue|problem\w*|corrupt\w*|garbled|ignor\w+|instead|despite|still|40\d|50\d|\w+error|panic)\b|"
    r"n't\b|\w+(?:Error|Exception)\b",
    re.IGNORECASE,
)


class Outline(NamedTuple):
    """What a task says: its title (verb first, at most 80 characters), who is to do it, until when.

    Without a title there is nothing to do.
    """

    title: str
    owner: str | None
    due_on: date | None


NOTHING = Outline("", None, None)


class Reading(NamedTuple):
    """What a sentence asks for, verb first, whom its words leave it to, who is named, until when."""

    what: str
    whose: Whose | None
    named: str | None
    day: date | None


def outline(
    quote: str, kind: str, said_at: datetime, zone: ZoneInfo, sender: str | None = None, people: Collection[str] = ()
) -> Outline:
    """The task in `quote`. `kind` is the task's type; `sender` owns what they promise in the first person.

    `people` are the names of those who take part: of two, each owns what the other one asks for; and they may be named
    in ways in which other words stand too.
    """
    whole, noted, sender = _minutes(" ".join(quote.replace("’", "'").split()), sender)
    found = until(whole, said_at, zone)
    read = reading(found, kind, said_at, zone, people)
    if read is None:
        return _fault(found) if kind == "bug" and not _is_idle(found.text) else NOTHING
    what = _ALSO.split(read.what, maxsplit=1)[0]
    owner = noted or read.named or _owner(read.whose, sender, people)
    return Outline(shorten(plain(without_day(what, said_at, zone)), MAX_TITLE), owner, read.day)


def reading(found: Until, kind: str, said_at: datetime, zone: ZoneInfo, people: Collection[str] = ()) -> Reading | None:
    """The first of a sentence's clauses that asks for something or promises it."""
    text = found.text
    if _is_idle(text):
        return None
    marked = MARKED.match(text)
    listed = bool(marked or _LISTED.match(text))
    body = text[marked.end() :] if marked else BULLET.sub("", text)
    dated = found.day is not None
    body = to_come(body) if dated and kind != "bug" else body
    for clause, before in clauses(body):
        read = _read(clause, before, people, marked=bool(marked), listed=listed, dated=dated)
        if read is not None and read[1] == "we" and _PLEADED.search(before):
            continue  # why somebody asks: "please hurry, we have to give notice"
        if read is not None and (kind != "bug" or read[1] in ("you", "any") or read[2]):
            what, whose, named = read
            day = found.day if found.noted else day_of_clause(text, what, said_at, zone, mine=whose == "me")
            return Reading(what, None if listed and whose == "you" else whose, named, day)
    return None


def _is_idle(text: str) -> bool:
    return _DONE.match(text) is not None or is_supposed(text)


def _fault(found: Until) -> Outline:
    """What does not work; a day without "by" is when it happened."""
    text, due = found.text, found.due
    body = bare(BULLET.sub("", text))[0]
    if ("?" in body[-3:] and _OPEN.match(body)) or not _FAULT.search(body) or _ANSWERED.fullmatch(body):
        return NOTHING
    wanted = due is None or DEADLINE.match(text, due.start)
    return Outline(fault(body), None, found.day if wanted else None)


def fault(text: str) -> str:
    """The title of a fault that a sentence or an issue's title tells of."""
    text = " ".join(text.split())[:LONGEST]
    return shorten(f"Look into: {plain(text)}?" if text.rstrip().endswith("?") else f"{FIX}{plain(text)}", MAX_TITLE)


def _read(
    clause: str, before: str, people: Collection[str], *, marked: bool, listed: bool, dated: bool
) -> tuple[str, Whose | None, str | None] | None:
    """What a clause asks for, whom its words leave it to, and who is named; None where it asks for nothing."""
    condition = CONDITION.match(before)
    if not before and CONDITION.match(clause):
        return None  # what follows it is looked at by itself
    text, greeted = bare(clause)
    text, named = owner_in(text, people, listed=listed)
    text = bare(text)[0] if named else text
    found = asked(text, dated=dated, alone=not before and not named)
    if found is None:
        if (named or marked) and acts(text):
            return text, None, named
        if marked and not before and len(text.split()) > 1 and "?" not in text and not asks_for_nothing(text):
            return text, None, named
        return None
    what = found.what
    if condition is not None and not _COURTEOUS.search(before):
        if (
            found.whose == "me"
            or asks_for_nothing(f"{what} {before}")
            or re.search(r"\b(?:would|prefer|wish|trouble|no longer)\b", before)
        ):
            return None
        what = f"{plain(what)} {before[0].lower()}{before[1:]}"
    return what, found.whose, named or (full_name(greeted, people) if greeted and found.whose == "you" else None)


def _owner(whose: Whose | None, sender: str | None, people: Collection[str]) -> str | None:
    """Who promises, or the other one of two who is asked."""
    if whose == "me" and sender is not None:
        return full_name(sender, people)
    others = [each for each in people if not same_person(each, sender)]
    return others[0] if whose == "you" and sender is not None and len(others) == 1 == len(people) - 1 else None


def _minutes(text: str, sender: str | None) -> tuple[str, str | None, str | None]:
    """A line of a meeting's summary without its mark-up: the words, who has it to do, who said it."""
    rest, name, box = minute(text)
    return rest, name if box else None, name or sender


def fingerprint(title: str, account: str | None, owner: str | None) -> str:
    """What makes two suggestions the same: verb and object without small words, account and owner."""
    kept = " ".join(word for word in re.findall(r"[^\W_]+", title.lower()) if word not in SMALL_WORDS)
    return sha256("\n".join((kept, account or "", (owner or "").lower())).encode()).hexdigest()[:32]
