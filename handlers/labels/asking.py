"""What the rules of requests say of a sentence, as columns for the model of action_items.

Whom its words leave it to, whether what is asked for is idle, which patterns of other labels hold: what people take for
a request hangs on that more than on the words themselves.
"""

import re
from collections.abc import Sequence

import numpy as np
from needlework.handlers.labels import rules
from needlework.handlers.labels.assigned import assigned
from needlework.handlers.text.clauses import BULLET, CONDITION, MARKED, bare, clauses
from needlework.handlers.text.frames import Asked, Whose, asked, unframed
from needlework.handlers.text.hashing import Float
from needlework.handlers.text.idle import idleness, is_supposed

_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"^\W*(?:and |but |so )?(?:do|did|have|are|can|could|would|will) (?:you|we|u)\b.*\?\W*$",
        r"^\W*(?:and |but |so )?(?:is|are|does|do|did|was|were|what|who|when|where|why|how|any)\b.*\?\W*$",
        r"\$link|https?:|www\.|\$\d|!\W*$|\d ?%",
        r"\blet (?:me|us) know\b",
        r"^\W*if\b",
        r"^\W*to (?:ensure|\w+),|^\W*to \w+ [^.]*, (?:please|click)",
        r"\b(?:i|we) (?:am|are|was|were|have|had|did|can|do|think|believe|hope|understand|know)\b",
    )
)
_WHOSE: tuple[Whose, ...] = ("you", "me", "we", "any")
_PATTERNS = ("action_items", "follow_up_promised", "question")
WIDTH = 20 + len(_SHAPES)
"""Columns of `asking_flags`."""


def asking_flags(texts: Sequence[str]) -> Float:
    """[n, WIDTH]: 1 where something holds."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        rows[row] = _flags(text)
    return rows


def _flags(text: str) -> list[bool]:
    plain = rules.plain(text)
    marked = MARKED.match(text)
    body = text[marked.end() :] if marked else BULLET.sub("", text)
    body = " ".join(body[: rules.MAX_TEXT].replace("’", "'").split())
    dated = rules.SOON.search(plain) is not None
    first, later = _asked(body, dated=dated)
    whose, rest = unframed(bare(body)[0])
    courtesy, questions, bulk = idleness(rest)[0], *idleness(body)[1:]
    return [
        *(first is not None and first.whose == each for each in _WHOSE),
        *(later is not None and later.whose == each for each in _WHOSE[:2]),
        *(first is None and whose == each for each in _WHOSE[:3]),
        bulk,
        questions,
        courtesy,
        is_supposed(body),
        CONDITION.match(body) is not None,
        dated,
        assigned(text),
        *(rules.strong(key, plain) for key in _PATTERNS),
        rules.forbidden("action_items", plain),
        *(shape.search(plain) is not None for shape in _SHAPES),
    ]


def _asked(body: str, *, dated: bool) -> tuple[Asked | None, Asked | None]:
    """What the whole asks for, else what the first of its later clauses does that asks."""
    for clause, before in clauses(body):
        found = asked(bare(clause)[0], dated=dated, alone=not before)
        if found is not None:
            return (None, found) if before else (found, None)
    return None, None
