"""Which items of earlier meetings are still open: what was said to be done, or is taken on anew, is not carried on."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from needlework.handlers.text.calendar_words import MONTHS, WEEKDAYS
from needlework.handlers.text.cites import CITE
from needlework.handlers.text.sentences import sentences
from needlework.handlers.text.speech import asks, content
from needlework.handlers.text.summarise import Turn

HIS, ANYBODYS = 0.5, 0.66
"""The share of an item's words that somebody names who says that it is done: its owner, anybody else."""
_ITEM = re.compile(r"^- \[ \] (?:\*\*(?P<who>[^*]+?):\*\* )?(?P<text>.*?)(?:, due \d{4}-\d\d-\d\d)?$")
_DONE = re.compile(
    r"\b(?:done|finished|sent|shipped|fixed|merged|released|deployed|closed|completed|delivered|published|signed|booked|"
    r"ordered|paid|wrote|written|called|asked|told|updated|corrected|solved|resolved|live|ready|reviewed|tested|added|"
    r"removed|built|bought|moved|changed|created|drafted|prepared|submitted|uploaded|shared|scheduled|checked|spoke|"
    r"talked|got|made|given|gave|put|set up|ticked off|taken care of|in place|cancelled|"
    r"no longer (?:needed|necessary))\b",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:not|never|nobody|haven't|hasn't|isn't|wasn't|didn't|don't|can't|couldn't|won't|will|i'll|we'll|"
    r"going to|almost|nearly|half|until|should|once|when|if|still|must|need|needs|has to|have to|want|tomorrow|"
    r"next|could|would)\b",
    re.IGNORECASE,
)
_YES = re.compile(r"(?:yes|yeah|yep|done|i did|we did|i have|all done|sure did|already)\b(?!,? but\b)", re.IGNORECASE)
_ASKS_DONE = re.compile(r"\b(?:did|have|has|is|are|was|were)\b", re.IGNORECASE)
_CALENDAR = re.compile(rf"(?:{MONTHS}|{WEEKDAYS}|today|tomorrow|tonight|week|month|\w*\d\w*)", re.IGNORECASE)
_VAGUE_WORDS = (
    "everybody everyone somebody someone please thing things okay sure yes ask bring call check come do find finish "
    "fix follow get give have know let look make need prepare put see send set start take talk tell try want work "
    "write yet"
)
_VAGUE = frozenset(_VAGUE_WORDS.split())
"""What is done with a thing, and small words: they do not say which thing."""


class About(NamedTuple):
    """Who does, or did, something, and the words that say what it is about."""

    who: str
    things: frozenset[str]


def still_open(items: Sequence[str], turns: Sequence[Turn], taken: Collection[str] = ()) -> list[str]:
    """Those lines (`- [ ] …`) of `items` of which nobody says in `turns` that they are done; in their order, each once.

    `taken`: the lines of these turns' own action items; what is among them again stands there.
    """
    told = [*_told(turns), *map(about, taken)]
    same = {CITE.sub("", each) for each in taken}
    left = (item for item in dict.fromkeys(items) if CITE.sub("", item) not in same)
    return [item for item in left if not any(_settles(each, about(item)) for each in told)]


def about(item: str) -> About:
    """What a line of a summary is about: its words without names, days and what is done with it."""
    line = CITE.sub("", item).strip()
    match = _ITEM.match(line)
    who, text = (match["who"] or "", match["text"]) if match else ("", line)
    return About(who, _things(text) - set(who.lower().split()))


def _told(turns: Sequence[Turn]) -> list[About]:
    """What is said to be done, each by the words of it: "The draft is sent.", or a yes to "Did you send the draft?"."""
    told: list[About] = []
    question = ""
    for turn in turns:
        said = [turn.text[span.start : span.end].replace("’", "'") for span in sentences(turn.text)]
        if question and said and (_YES.match(said[0]) or _says_done(said[0])):
            told.append(About(turn.speaker, _things(f"{question} {said[0]}")))
        before = ""
        for text in said:
            if _says_done(text):
                told.append(About(turn.speaker, _things(text if len(_things(text)) > 1 else f"{before} {text}")))
            before = "" if asks(text) else text
        question = said[-1] if said and asks(said[-1]) and _ASKS_DONE.search(said[-1]) else ""
    return told


def _says_done(text: str) -> bool:
    return bool(_DONE.search(text)) and not asks(text) and not _NOT_YET.search(text)


def _things(text: str) -> frozenset[str]:
    """Content words without their plural, without common deeds and days: so "send the quotes" is about a quote."""
    words = (word.removesuffix("'s") for word in content(text) if not _CALENDAR.fullmatch(word))
    bare = {word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words}
    return frozenset(word for word in bare - _VAGUE if not _DONE.fullmatch(word))


def _settles(said: About, item: About) -> bool:
    """Whether what was said names what the item is about: half of it where its owner says so, else two thirds."""
    share = HIS if item.who in ("", said.who) else ANYBODYS
    return bool(item.things) and len(said.things & item.things) >= share * len(item.things)
