"""The clauses of a sentence in which something may be asked for, without greetings, marks of lists and fillers."""

import re
from collections.abc import Iterator

MOST_CLAUSES = 8
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?:\s+(?P<name>[A-Z][a-zà-ÿ]+))?(?:\s+[\w ]{1,30}?)?"
    r"(?:\s*[,.!:]\s*|\s+(?=@))|"
    r"(?:yes,?\s+)?please\s*,\s+|"
    r"(?:we|they)(?:'ve| have)? agreed (?:that )?|(?:as (?:discussed|agreed|promised)|in that case|by the way|btw|fyi|"
    r"one more thing|in the meantime|on it)\b[,.:!]?\s+|"
    r"(?:and|but|so|also|then|ok(?:ay)?|thanks?|thank you|sure|yes|yeah|yep|no|great|perfect|right|alright|sorry|"
    r"anyway|well|"
    r"again|meanwhile|finally|lastly)\b[,.!:]?\s+|(?:first(?:ly)?|second(?:ly)?|next|now)[,:]\s+)",
    re.IGNORECASE,
)
MARKED = re.compile(
    r"^[^\w@\[]*(?:\[\s?\]\s*|(?:to-?do|action items?|action points?|actions?|ai|tasks?|next steps?|follow-?ups?|"
    r"reminder)\s*(?::|\s[-–—])\s*|TO-?DO\s+)+",
    re.IGNORECASE,
)
"""What a line begins with that says that it is to be done."""
BULLET = re.compile(r"^[^\w@\[(]+")
"""What stands before the first word."""
_SEAM = re.compile(
    r"[,;]\s+(?:(?:and|so|but|then)\s+)*|\s+[-–—]+\s+|\s+(?:so|and then)\s+|\.\s+|:\s+(?=please|can|could)",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"^(?P<word>if|unless|in case|when(?:ever)?|once|as soon as|before|after|should)\b", re.IGNORECASE
)
"""What begins with when, or whether, something is asked for."""


def clauses(text: str) -> Iterator[tuple[str, str]]:
    """The text, then what follows each of its seams, with what stands before it."""
    yield text, ""
    for seam in list(_SEAM.finditer(text))[:MOST_CLAUSES]:
        yield text[seam.end() :], text[: seam.start()]


def bare(text: str) -> tuple[str, str | None]:
    """Without greetings and fillers in front, and the name that was greeted."""
    greeted = None
    for _ in range(4):
        match = _GREETING.match(text)
        if match is None or not text[match.end() :]:
            break
        greeted = greeted or match["name"]
        text = text[match.end() :]
    return text, greeted
