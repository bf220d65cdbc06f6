"""The shape of a filed issue: how its title begins, what its prose asks, how long it is and what it is made of."""

import re
from collections.abc import Sequence

import numpy as np
from needlework.handlers.text.hashing import Float

MAX_TEXT = 20_000

_TITLES = (
    r"^\W{0,3}(?:feature|feature request|rfc|proposal|enhancement|suggestion)\b",
    r"^\W{0,3}\[?\s?(?:bug|regression|crash)\b",
    r"^\W{0,3}(?:question|help|how|why|what|is|can|does|where)\b",
    r"^(?:add|allow|support|provide|make|implement|enable|introduce|expose|improve|remove|use|change|update|replace|"
    r"refactor|extend|include|show|option)\b",
    r"^(?:fix|fixed|fixes)\b",
    r"\b(?:docs?|documentation|typo)\b",
)
_PROSE = (
    r"\?",
    r"\b(?:i|my|me|we)\b",
    r"how (?:do|to|can|should)|is (?:this|it|there)|any (?:idea|help|suggestion)|am i|do i|can i|thanks|help",
)
_MARKS = (
    r"\?",
    r"^#{1,6} ",
    r"```",
    r"- \[x\]",
    r"- \[ \]",
    r"!\[",
    r"https?://",
    r"^[ \t]{1,40}at ",
    r"traceback|exception|error",
    r"\b(?:i|my|me|we)\b",
    _PROSE[-1],
)
_FORM = re.compile(
    r"```[\s\S]*?(?:```|\Z)|<!--[\s\S]*?(?:-->|\Z)|https?://\S+|^#{1,6} .*$|^\*\*[^*\n]{1,120}\*\*:?[ \t]{0,9}$|"
    r"^- \[.\].*$|_No response_",
    re.MULTILINE,
)
"""What people did not write themselves, or not in words."""


def _compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns)


_IN_TITLE, _IN_PROSE, _IN_BODY = _compiled(_TITLES), _compiled(_PROSE), _compiled(_MARKS)
GROUPS = (len(_TITLES) + 2, len(_PROSE), 4, len(_MARKS))
"""Columns about the title, the prose, the lengths, the marks in the body."""


def issue_shapes(issues: Sequence[tuple[str, str]]) -> Float:
    """[n, sum of GROUPS] for (title, body) pairs. Counts as half of their logarithm, of one more than they are."""
    return np.array([_shape(title, body[:MAX_TEXT]) for title, body in issues], dtype=np.float32)


def _shape(title: str, body: str) -> list[float]:
    prose = " ".join(_FORM.sub(" ", body).split())
    begins = [float(pattern.search(title) is not None) for pattern in _IN_TITLE]
    lengths = [np.log1p(len(body)) / 5, np.log1p(len(prose)) / 5, len(prose) / max(1, len(body)), not body.strip()]
    return [
        *begins, float(title.endswith("?")), float(np.log1p(len(title.split()))) / 2,
        *_counted(_IN_PROSE, prose), *map(float, lengths), *_counted(_IN_BODY, body),
    ]  # fmt: skip


def _counted(patterns: Sequence[re.Pattern[str]], text: str) -> list[float]:
    return [float(np.log1p(sum(1 for _ in pattern.finditer(text)))) / 2 for pattern in patterns]
