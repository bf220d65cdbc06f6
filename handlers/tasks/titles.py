"""A sentence as a task: what is to be done, verb first, who is named for it, and until when.

Rules, not a model: the sentence was judged to be a request, a promise or a fault already; here its frame ("could you
please", "I will") is taken away and what is left begins with its verb.
"""

import re
from collections.abc import Collection
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.tasks.owners import owner_in
from needlework.handlers.tasks.verbs import SMALL_WORDS, VERBS
from needlework.handlers.text.dates import Due, find_due
from needlework.handlers.words import minute

MAX_TITLE = 80
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b[^,.!:?]{0,40}[,.!:]\s*|"
    r"(?:yes,?\s+)?please\s*,\s+|"
    r"(?:and|but|so|also|then|ok(?:ay)?|thanks?|thank you|sure|yes|great|sorry|anyway|well)\b[,.!]?\s+)",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"^[^\w@\[]*(?:\[[ xX]?\]\s*)?(?:(?:to-?do|action item|action point|ai|task|next step)s?\s*:\s*)?", re.IGNORECASE
)
_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s")
_LIGHT = (
    r"(?:(?:also|just|kindly|please|pls|perhaps|maybe|quickly|then|still|now|possibly|try to|make sure to|be sure to)"
    r"\s+)*"
)
_FRAMES = re.compile(
    r"^(?:"
    r"(?:can|could|would|will|may|might)\s+(?:you|u|we|i|someone|somebody|anyone|anybody|they)\b(?:\s+guys)?|"
    r"(?:i|we|you|someone|somebody|they)(?:['’](?:ll|re|d)|\s+(?:will|shall|should|must|need|needs|have|has|want|can|are|am|is|"
    r"would|going|promise|ought|better|like))+(?:\s+(?:going\s+)?to|\s+like\s+(?:you\s+)?to)?|"
    r"i['’]m\s+going\s+to|gonna|let['’]?s|let\s+(?:me|us)|please|pls|kindly|remember\s+to|don['’]?t\s+forget\s+to|"
    r"make\s+sure\s+(?:to|that\s+you|you)|feel\s+free\s+to|it\s+would\s+be\s+(?:great|nice|good|helpful)\s+if\s+you\s+"
    r"(?:could|can|would)|(?:i\s+)?(?:would\s+)?appreciate\s+(?:it\s+)?if\s+you\s+(?:could|can|would)|"
    r"(?:would|do)\s+you\s+mind|is\s+it\s+possible\s+(?:for\s+you\s+)?to|(?:are|is)\s+(?:you|it)\s+able\s+to|"
    r"(?:the\s+)?next\s+steps?\s+(?:is|are)\s+to"
    r")\s+",
    re.IGNORECASE,
)
_TURN = re.compile(r"[,;.]*\s*(?:\bdue (?P<due>\d{4}-\d\d-\d\d))?\s*(?:\(turn \d+\))?\s*$")
_DEADLINE = re.compile(r"(?:by|before|until|till|no later than|not later than|within|due)\b", re.IGNORECASE)
_IDLE = re.compile(
    r"^(?:(?:do not|don't|never) (?:reply|respond|answer|hesitate|worry)|be advised|note that|be aware|be informed)\b|"
    r"^(?:please )?do\W*$",
    re.IGNORECASE,
)
"""What is said politely and asks for nothing."""
_FIRST_PERSON = re.compile(
    r"^(?:i['’](?:ll|m going to)|i (?:will|shall|am going to|promise to)|let me)\s", re.IGNORECASE
)
_TAIL = re.compile(
    r"[\s,;:.!?–—-]+$|\s+(?:please|pls|thanks|thank you|asap|as soon as possible)[\s.!?]*$", re.IGNORECASE
)
_DROPPED = frozenset(SMALL_WORDS.split())


class Outline(NamedTuple):
    """What a task says: its title (verb first, at most 80 characters), who is named for it, until when.

    Without a title there is nothing to do.
    """

    title: str
    owner: str | None
    due_on: date | None


def outline(
    quote: str, kind: str, said_at: datetime, zone: ZoneInfo, sender: str | None = None, people: Collection[str] = ()
) -> Outline:
    """The task in `quote`. `kind` is the task's type; `sender` owns what they promise in the first person.

    `people` are the names of those who take part: they may be named in ways in which other words stand too.
    """
    whole, noted, sender = _minutes(" ".join(quote.replace("’", "'").split()), sender)
    text, until, due = _until(whole, said_at, zone)
    if kind == "bug":  # a day without "by" is when it happened
        wanted = due is None or _DEADLINE.match(text, due.start)
        return Outline(_cut(f"Fix: {_plain(text)}"), None, until if wanted else None)
    promised = sender if _FIRST_PERSON.search(_bare(text)) else None
    text, named = owner_in(_bare(_without(text, due)), people, listed=bool(_LISTED.match(whole)))
    said = _unframed(text)
    if _IDLE.search(said):
        return Outline("", None, None)
    if said == text and not _begins_with_verb(said):
        said = f"Answer: {said}" if text.endswith("?") else f"Follow up: {said}"
    return Outline(_cut(_plain(said)), noted or named or promised, until)


def _minutes(text: str, sender: str | None) -> tuple[str, str | None, str | None]:
    """A line of a meeting's summary without its mark-up: the words, who has it to do, who said it."""
    rest, name, box = minute(text)
    return rest, name if box else None, name or sender


def _until(text: str, said_at: datetime, zone: ZoneInfo) -> tuple[str, date | None, Due | None]:
    """The text without a day that a summary has noted behind it, that day or the one it speaks of, and where."""
    noted, day = _TURN.search(text), None
    if noted is not None and "(turn" in noted[0]:
        text, day = text[: noted.start()], noted["due"]
    due = find_due(text, said_at, zone)
    return text, date.fromisoformat(day) if day else due.day if due is not None else None, due


def fingerprint(title: str, account: str | None, owner: str | None) -> str:
    """What makes two suggestions the same: verb and object without small words, account and owner."""
    kept = " ".join(word for word in re.findall(r"[^\W_]+", title.lower()) if word not in _DROPPED)
    return sha256("\n".join((kept, account or "", (owner or "").lower())).encode()).hexdigest()[:32]


def _without(text: str, due: Due | None) -> str:
    """`text` without its due phrase, where that is at the end: inside, it may be part of what is asked for."""
    if due is None or text[due.end :].strip(" .,!?;:)").lower() not in ("", "please", "thanks", "thank you"):
        return text
    mark = "?" if "?" in text[due.end :] else ""
    return text[: due.start].rstrip(" ,") + mark if text[: due.start].strip(" ,") else text


def _bare(text: str) -> str:
    """Without bullets, greetings and fillers in front."""
    text = _BULLET.sub("", text)
    for _ in range(3):
        shorter = _GREETING.sub("", text, count=1)
        if shorter == text or not shorter:
            break
        text = shorter
    return text


def _unframed(text: str) -> str:
    """What is asked for, without how it is asked."""
    for _ in range(3):
        match = _FRAMES.match(text)
        rest = re.sub(rf"^{_LIGHT}", "", text[match.end() :], flags=re.IGNORECASE) if match else ""
        if not rest or len(rest.split()) < 2:
            break
        text = rest
    return text


def _begins_with_verb(text: str) -> bool:
    return re.split(r"\W", text.lower(), maxsplit=1)[0] in VERBS


def _plain(text: str) -> str:
    """Without marks at the end, with a capital in front."""
    for _ in range(3):
        text = _TAIL.sub("", text)
    return text[:1].upper() + text[1:]


def _cut(title: str) -> str:
    """At most 80 characters, cut between words."""
    if len(title) <= MAX_TITLE:
        return title
    head = title[: MAX_TITLE - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[MAX_TITLE // 2 :] else head).rstrip(" ,;:.-") + "…"
