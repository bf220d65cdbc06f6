"""The phrases of a sentence that could stand as a title: clauses and what is in them, without how it is said. Pure.

Rules, no model: a sentence is cut where clauses and parts of clauses begin (commas, "when", "with", "to"), greetings,
hedges and frames ("it would be great if", "we noticed that") are taken off its front, and what hangs loose off its end.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from needlework.handlers.needle_movers.frames import bare
from needlework.handlers.words import minute

MOST_CHARACTERS, MOST_WORDS = 70, 9
_LOOSE = 5
"""Small words that a part may lose at its end."""
READ = 600
"""Characters of one quote that are looked at."""
_URL = re.compile(r"\b(?:https?://|www\.)\S+|<[^<>\s]+>")
_HEADING = re.compile(r"^\s*#{1,6}\s+\S.*$", re.MULTILINE)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\](?!\()")
_MARKS = re.compile(r"[*_`~#>|\\\[\]{}\"“”„«»]+|(?<!\w)['‘’]|['‘’](?!\w)")
_BREAK = re.compile(r"[.!?;:,…]+(?=\s|$)|\n|\s[-–—+/&]+\s|[—–]|[()]|[^\w\s'’.,%$€£@+#/&:-]+")
_LETTER = re.compile(r"\w")

_PERSONS = (
    "i we us me you it he she they him ours yours mine one's somebody someone everyone anyone everybody anybody i'm "
    "we're you're it's they're i've we've you've i'd we'd i'll we'll you'll there here this that these those itself"
)
_DETERMINING = "the a an our my your their his her its one's any some every each all both this these"
_CLAUSES = (
    "when whenever because but although though if unless until while which who where that so since after before as and "
    "or whether how what why"
)
_PREPOSITIONS = (
    "with without in on at for from to by of than into onto about over under between within during instead like via "
    "per compared"
)
_OTHER = (
    "is are was were be been being am do does did has have had can could will would shall should may might must not no "
    "yet just also again still too very really so now today yesterday tomorrow anymore more most much many please "
    "thanks thank out up off then there us else ever already only quite even it'll guys etc always well"
)
PRONOUNS, DETERMINERS = frozenset(_PERSONS.split()), frozenset(_DETERMINING.split())
_OPENERS = frozenset(_CLAUSES.split())
_JOINTS = _OPENERS.union(_PREPOSITIONS.split())
_ENDS = _JOINTS - {"of", "than", "or", "and"}
"""What ends a part before it; a part without its "of …" is another thing."""
_LEADING = _JOINTS - {"when", "where", "how", "what", "why", "who", "without"}
"""What cannot begin a title."""
_IS = {"am", "is", "are", "was", "were"}
_PARTICLES = {"up", "out", "off", "down", "in", "on", "over", "back", "away"}
_SMALL = DETERMINERS | PRONOUNS | _JOINTS | frozenset(_OTHER.split())
_DENIES = re.compile(r"^(?:not|no|never|cannot|none|nobody|neither|nor|without|stop|stopped)$|n't$")
"""What stands before a part and turns it round: a part without it would say the opposite."""
_SUPPOSES = {"if", "unless"}
"""What stands behind them is not so."""
_SUBJECT = re.compile(
    r"(?:i|we|they|he|she|you)(?:'\w+| (?:will|would|can|can't|cannot|must|should|shall|have|are|need))\b", re.I
)
"""Who does something, in the middle of words: another clause."""
_POSSESSIVE = re.compile(r"(?<=\w )(?:our|my|your|their|his|her|one's)(?: own)?(?= \w)", re.IGNORECASE)


class Phrase(NamedTuple):
    """`text` could stand as a title; `opens` and `closes` tell whether it begins and ends with its clause."""

    text: str
    opens: bool
    closes: bool


def phrases(quote: str) -> list[Phrase]:
    """All phrases of a quote that are short enough, each once, in their order."""
    found: dict[str, Phrase] = {}
    for clause in _clauses(quote):
        for phrase in _parts(clause):
            known = found.get(phrase.text.lower())
            if known is None or (phrase.opens, phrase.closes) > (known.opens, known.closes):
                found[phrase.text.lower()] = phrase
    return list(found.values())


def _clauses(quote: str) -> Iterator[list[str]]:
    """Runs of words between the signs that divide a text."""
    text = _HEADING.sub("\n", _URL.sub("\n", quote[:READ].replace("’", "'")))
    lines = (minute(line)[0] for line in text.splitlines())
    text = _MARKS.sub(" ", _ASIDE.sub("\n", "\n".join(lines)))
    if sum(letter.isupper() for letter in text) > sum(letter.islower() for letter in text):
        text = text.lower()
    for part in _BREAK.split(text):
        words = [each.strip(".,:;!?-/&+") for each in part.split() if _LETTER.search(each)]
        begun = 0
        for at in range(1, len(words)):
            before, here = words[at - 1].lower(), words[at].lower()
            joined = before in ("and", "or", "but", "so") and here in _SMALL
            if joined or (before not in _JOINTS and _SUBJECT.match(" ".join(words[at : at + 2]))):
                yield words[begun : at - joined]
                begun = at
        yield words[begun:]


def _parts(clause: list[str]) -> Iterator[Phrase]:
    """Each beginning in a clause with each end behind it."""
    small = [word.lower() for word in clause]
    framed = _first(clause, 0)
    for start in _starts(small):
        first = _first(clause, start)
        if (start == 0 or small[start - 1] == "if") and _wishes(small, first):
            continue
        if any(_DENIES.search(word) for word in small[:first]) or not _SUPPOSES.isdisjoint(small[framed:first]):
            continue
        opens = (start == 0 or small[start - 1] in _OPENERS) and "if" not in small[:first]
        for end in range(first + 1, min(len(clause), first + MOST_WORDS + _LOOSE) + 1):
            if end < len(clause) and (small[end] not in _ENDS or _belongs(small, end)):
                continue
            last = _last(small, end)
            if first < last <= first + MOST_WORDS and small[first] not in _LEADING:
                text = _POSSESSIVE.sub("the", " ".join(clause[first:last]))
                if len(text) <= MOST_CHARACTERS:
                    yield Phrase(text[:1].upper() + text[1:], opens, end == len(clause))


def _starts(clause: list[str]) -> Iterator[int]:
    """Where a part may begin: with the clause, behind a joint or a determiner."""
    yield 0
    for at in range(1, len(clause)):
        if clause[at - 1].lower() in _JOINTS or clause[at - 1].lower() in DETERMINERS:
            yield at


def _first(clause: list[str], start: int) -> int:
    """Where a part begins without its frame; of what is one word then, only who says it is taken off."""
    rest = bare(" ".join(clause[start:])).removeprefix("to ")
    first = len(clause) - len(rest.split())
    alone = first == len(clause) - 1 and start + 1 < first and clause[start].lower() in PRONOUNS
    return start + 1 if alone and clause[start + 1].lower() not in _IS else first


def _wishes(small: list[str], first: int) -> bool:
    """Whether a clause says of somebody what they would do if they had what they want: that is behind a determiner."""
    if "if" not in small[:first] or small[small.index("if") + 1] in PRONOUNS:
        return False
    return not DETERMINERS.isdisjoint(small[first:-1])


def _last(small: list[str], end: int) -> int:
    """The end of a part without small words: they would want something behind them."""
    while end and small[end - 1] in _SMALL and not _belongs(small, end - 1):
        end -= 1
    return end


def _belongs(small: list[str], at: int) -> bool:
    """Whether a word belongs to the verb before it (log in, top up), not to a noun behind it."""
    return small[at] in _PARTICLES and (at + 1 == len(small) or small[at + 1] in _JOINTS)
