"""WordPiece: the uncased BERT tokenizer, on the standard library alone.

Follows the reference algorithm of BERT (Devlin et al., 2018, `tokenization.py`): clean, isolate CJK, lower-
case, strip accents, split punctuation, then greedy longest match against the vocabulary.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

MAX_LETTERS = 100
"""Longer words become the unknown token, as in the reference."""

CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Text to token ids. Instances are immutable after construction but for a bounded cache of words."""

    def __init__(self, vocabulary: Path) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self.ids = {token: index for index, token in enumerate(lines) if token}
        self.unknown = self.ids["[UNK]"]
        self.first = self.ids["[CLS]"]
        self.last = self.ids["[SEP]"]
        self._pieces = lru_cache(maxsize=32_768)(self._longest_match)

    def encode(self, text: str) -> list[int]:
        """The ids of `text` without the two special tokens."""
        ids: list[int] = []
        for word in basic_tokens(text):
            ids.extend(self._pieces(word))
        return ids

    def _longest_match(self, word: str) -> tuple[int, ...]:
        if len(word) > MAX_LETTERS:
            return (self.unknown,)
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                piece = self.ids.get(prefix + word[start:end])
                if piece is not None:
                    break
            else:
                return (self.unknown,)
            found.append(piece)
            start = end
        return tuple(found)


def basic_tokens(text: str) -> list[str]:
    """Lower-cased words and single punctuation marks of `text`, accents stripped."""
    decomposed = text if text.isascii() else unicodedata.normalize("NFD", text)
    return "".join(map(_normal, decomposed)).split()


@lru_cache(maxsize=16_384)
def _normal(char: str) -> str:
    """What one decomposed character becomes: nothing, a space, a spaced mark, or itself in lower case.

    Lower case is taken character by character, so a final sigma stays as the reference writes it.
    """
    code = ord(char)
    category = unicodedata.category(char)
    if char in "\t\n\r" or category in {"Zs", "Zl", "Zp"}:
        return " "
    if code in (0, 0xFFFD) or category.startswith("C") or category == "Mn":
        return ""
    if is_punctuation(char) or any(low <= code <= high for low, high in CJK):
        return f" {char} "
    return char.lower()


def is_punctuation(char: str) -> bool:
    """ASCII marks that Unicode calls symbols count as punctuation, as in the reference."""
    code = ord(char)
    if 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126:
        return True
    return unicodedata.category(char).startswith("P")
