"""ROUGE-1 and ROUGE-2 (F1) of a text against a person's, on lower-case words without their endings."""

import re
from collections import Counter

_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ed", "es", "ly", "s", "e")


def stem(word: str) -> str:
    """A word without a common ending, by length alone."""
    for ending in _ENDINGS:
        if len(word) - len(ending) >= 3 and word.endswith(ending):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def grams(text: str, size: int) -> Counter[tuple[str, ...]]:
    """How often each run of `size` words occurs."""
    words = [stem(word) if len(word) > 3 else word for word in _WORD.findall(text.lower())]
    return Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def rouge(text: str, reference: str, size: int) -> float:
    """F1 of the runs that both have, 0 to 100."""
    one, other = grams(text, size), grams(reference, size)
    shared = sum((one & other).values())
    return 200 * shared / (sum(one.values()) + sum(other.values())) if shared else 0.0
