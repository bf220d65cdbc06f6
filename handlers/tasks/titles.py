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

from needlework.handlers.tasks.owners import full_name, owner_in, same_person
from needlework.handlers.text.clauses import BULLET, CONDITION, MARKED, bare, clauses
from needlework.handlers.text.dates import Due, find_due
from needlework.handlers.text.frames import Whose, acts, asked
from needlework.handlers.text.idle import asks_for_nothing, is_supposed
from needlework.handlers.words import minute, shorten

MAX_TITLE = 80
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
_TURN = re.compile(r"[;.]*(?:,\s*due (?P<due>\d{4}-\d\d-\d\d))?[,;.]*\s*(?:\(turn \d+\))?\s*$")
_DEADLINE = re.compile(r"(?:by|before|until|till|no later than|not later than|within|due)\b", re.IGNORECASE)
_BELONGS = re.compile(
    r"\b(?:(?:before|after|during|until|since|which|who|when|where|than) (?:[\w'-]+ ){0,3}[\w'-]+|to|of|from)$",
    re.IGNORECASE,
)
"""What a day at the end belongs to: "before the release on Friday", "move it to Friday"."""
_ALSO = re.compile(r"[,;]? and (?:i|we|you|he|she|they)(?:'ll| will)\b", re.IGNORECASE)
"""A second promise, which is another task."""
_TAIL = re.compile(
    r"[\s,;:.!?–—-]+$|,?\s+(?:please|pls|thanks|thank you|thx|asap|as soon as possible|(?:would|will) you|right|"
    r"ok(?:ay)?)"
    r"[\s.!?]*$",
    re.IGNORECASE,
)
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


_POINTING = re.compile(
    r"(?:[\w'-]+(?: (?:up|down|out|in|on|off|over|through|back|to|with|at|for|into|about|after))*"
    r"(?: (?:it|that|this|them|him|her|both|one|some|me|you|us|so))*(?: (?:up|down|out|in|on|off|over|back|again|"
    r"too))*)|"
    r"(?:get|come) back to (?:you|me|us|them)|let (?:me|you|us|them) know|keep (?:you|me|us) (?:posted|updated|"
    r"informed)|"
    r"(?:give|send|show|tell|suggest|add|take|put|write|call|ask) (?:[\w'-]+ ){0,2}(?:it|that|this|them|him|her|"
    r"a time|the text|again)"
    r"(?: [\w'-]+){0,3}",
    re.IGNORECASE,
)
"""What points at something that was said before and names nothing itself."""


_REPLIED = re.compile(r"^(?:(?:re|fwd?|aw|wg)\s*:\s*)+", re.IGNORECASE)


class Outline(NamedTuple):
    """What a task says: its title (verb first, at most 80 characters), who is to do it, until when.

    Without a title there is nothing to do.
    """

    title: str
    owner: str | None
    due_on: date | None


NOTHING = Outline("", None, None)


def outline(
    quote: str, kind: str, said_at: datetime, zone: ZoneInfo, sender: str | None = None, people: Collection[str] = ()
) -> Outline:
    """The task in `quote`. `kind` is the task's type; `sender` owns what they promise in the first person.

    `people` are the names of those who take part: of two, each owns what the other one asks for; and they may be named
    in ways in which other words stand too.
    """
    whole, noted, sender = _minutes(" ".join(quote.replace("’", "'").split()), sender)
    text, until, due = _until(whole, said_at, zone)
    if _DONE.match(text) or is_supposed(text):
        return NOTHING
    marked = MARKED.match(text)
    listed = bool(marked or _LISTED.match(whole))
    body = text[marked.end() :] if marked else BULLET.sub("", text)
    for clause, before in clauses(body):
        found = _read(clause, before, people, marked=bool(marked), listed=listed, dated=until is not None)
        if found is not None and (kind != "bug" or found[1] in ("you", "any") or found[2]):
            what, whose, named = found
            what = _ALSO.split(what, maxsplit=1)[0]
            owner = noted or named or _owner(None if listed and whose == "you" else whose, sender, people)
            title = shorten(_plain(_without(what, said_at, zone)), MAX_TITLE)
            return Outline(title, owner, until)
    return _fault(text, until, due) if kind == "bug" else NOTHING


def _fault(text: str, until: date | None, due: Due | None) -> Outline:
    """What does not work; a day without "by" is when it happened."""
    body = bare(BULLET.sub("", text))[0]
    if ("?" in body[-3:] and _OPEN.match(body)) or not _FAULT.search(body):
        return NOTHING
    wanted = due is None or _DEADLINE.match(text, due.start)
    return Outline(fault(body), None, until if wanted else None)


def fault(text: str) -> str:
    """The title of a fault that a sentence or an issue's title tells of."""
    text = " ".join(text.split())[:LONGEST]
    return shorten(f"Look into: {_plain(text)}?" if text.rstrip().endswith("?") else f"Fix: {_plain(text)}", MAX_TITLE)


def with_subject(title: str, subject: str) -> str:
    """A title that says too little by itself ("Call her"), with what was being spoken about."""
    subject = _REPLIED.sub("", " ".join(subject.split()))
    if not subject or not _POINTING.fullmatch(title):
        return title
    return shorten(f"{title} ({shorten(subject, MAX_TITLE - len(title) - 3)})", MAX_TITLE)


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
        what = f"{_plain(what)} {before[0].lower()}{before[1:]}"
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


def _until(text: str, said_at: datetime, zone: ZoneInfo) -> tuple[str, date | None, Due | None]:
    """The text without a day that a summary has noted behind it, that day or the one it speaks of, and where."""
    noted, day = _TURN.search(text), None
    if noted is not None and (noted["due"] or "(turn" in noted[0]):
        text, day = text[: noted.start()], noted["due"]
    due = find_due(text, said_at, zone)
    if due is not None and re.search(r"\bto $", text[: due.start]):
        due = None  # "move it to Friday": the day is what is to be changed
    return text, date.fromisoformat(day) if day else due.day if due is not None else None, due


def fingerprint(title: str, account: str | None, owner: str | None) -> str:
    """What makes two suggestions the same: verb and object without small words, account and owner."""
    kept = " ".join(word for word in re.findall(r"[^\W_]+", title.lower()) if word not in SMALL_WORDS)
    return sha256("\n".join((kept, account or "", (owner or "").lower())).encode()).hexdigest()[:32]


def _without(text: str, said_at: datetime, zone: ZoneInfo) -> str:
    """`text` without its due phrase, where that is at the end: inside, it may be part of what is asked for."""
    text = _plain(text)
    due = find_due(text, said_at, zone)
    if due is None or text[due.end :].strip(" .,!?;:)"):
        return text
    kept = text[: due.start].rstrip(" ,")
    whole = not kept or " " not in kept or _BELONGS.search(kept) or find_due(kept, said_at, zone) is not None
    return text if whole else kept


def _plain(text: str) -> str:
    """Without marks at the end, with a capital in front."""
    for _ in range(3):
        text = _TAIL.sub("", text)
    return text[:1].upper() + text[1:]
