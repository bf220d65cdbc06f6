"""Sentences of a text, as exact spans of it.

Where a sentence ends inside a paragraph is sentencex's word (abbreviations, initials, decimal points).
Which line breaks end a sentence is ours: mail wraps lines, chat and lists end them. Every span satisfies
`text[span.start:span.end]` being the sentence without margins, whatever the text holds.
"""

import re
from typing import NamedTuple

MAX_SENTENCE = 600
"""Characters. What is longer (tables, logs, minified code) is cut at a blank, or hard where there is none."""
MAX_BLOCK = 4_000
"""Characters that sentencex sees at once, cut behind a full stop: texts without an end can make it quadratic work."""
WRAPPED_LINE = 60
"""A line shorter than this was ended by its author; a longer one may have been wrapped by a program."""

_NEW_LINE_STARTS = re.compile(r"\s*(?:[-*•–>#|+]|\d{1,3}[.)]|[A-Za-z][.)]\s|\[[ xX]\]|```)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LETTER = re.compile(r"\w")
_MENTION = re.compile(r"@\w[\w-]*(?:\.\w[\w-]*)+")
"""One word, as `formats` writes it: "@Ann.Lee". Its dot ends nothing."""
_NO_ABBREVIATION = re.compile(
    r"(?<=\b[mM]e\.)(?= +[A-Z])|(?<=\b[nN]o\.)(?= +(?:I|We|You|He|She|They|It|But|And|So|Then|The|That|This|My|Our)\b)"
)
"""Where sentencex takes "me." for the state of Maine, or "no." for a number, before a new sentence."""


class Span(NamedTuple):
    """Half open: `text[start:end]`."""

    start: int
    end: int


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences within `text[start:end]`, in order, without overlap.

    Spans without a letter or digit are left out.
    """
    stop = len(text) if end is None else end
    found: list[Span] = []
    for block in (piece for whole in _blocks(text, start, stop) for piece in _pieces(text, whole, MAX_BLOCK, ". ")):
        for span in _segments(text, block):
            if _LETTER.search(text, span.start, span.end):
                found.extend(_short(text, span))
    return found


def _blocks(text: str, start: int, end: int) -> list[Span]:
    """Runs of lines that one paragraph may hold: broken at blank lines, list marks and short lines."""
    blocks: list[Span] = []
    opened = position = start
    previous = ""
    for line in text[start:end].splitlines(keepends=True):
        bare = line.strip()
        if previous and (not bare or len(previous) < WRAPPED_LINE or _NEW_LINE_STARTS.match(line)):
            blocks.append(Span(opened, position))
            opened = position
        previous = bare
        position += len(line)
    blocks.append(Span(opened, position))
    return blocks


def _segments(text: str, block: Span) -> list[Span]:
    """sentencex over one block. Substitutes of equal length stand for what its UTF-8 cannot carry or it would cut."""
    from sentencex import segment  # type: ignore[import-untyped]

    piece = text[block.start : block.end]
    plain = piece if piece.isascii() else _SURROGATE.sub("\ufffd", piece)
    plain = plain.replace("\r", " ").replace("\n", " ")
    if "@" in plain:
        plain = _MENTION.sub(lambda match: match[0].replace(".", "_"), plain)
    spans: list[Span] = []
    position = block.start
    parts = segment("en", plain)
    if sum(map(len, parts)) != len(plain):
        parts = [plain]
    for part in [each for whole in parts for each in _NO_ABBREVIATION.split(whole)]:
        following = position + len(part)
        trimmed = trim(text, position, following)
        if trimmed.end > trimmed.start:
            spans.append(trimmed)
        position = following
    return spans


def _short(text: str, span: Span) -> list[Span]:
    """`span` cut into pieces of at most `MAX_SENTENCE` characters, without margins."""
    pieces = [trim(text, *piece) for piece in _pieces(text, span, MAX_SENTENCE, " ")]
    return [piece for piece in pieces if piece.end > piece.start]


def _pieces(text: str, span: Span, most: int, mark: str) -> list[Span]:
    """`span` in pieces of at most `most` characters: cut behind `mark` in the second half, else at a blank there."""
    pieces: list[Span] = []
    start = span.start
    while span.end - start > most:
        middle, last = start + most // 2, start + most
        found = text.rfind(mark, middle, last)
        cut = found + len(mark) - 1 if found > start else text.rfind(" ", middle, last)
        cut = cut if cut > start else last
        pieces.append(Span(start, cut))
        start = cut
    return [*pieces, Span(start, span.end)]


def trim(text: str, start: int, end: int) -> Span:
    """`text[start:end]` without blanks at its ends; empty at `start` when nothing else is there."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    if left == len(piece):
        return Span(start, start)
    return Span(start + left, start + len(piece.rstrip()))
