"""Subtitle files (WebVTT, SRT) to spoken turns with their times."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from needlework.handlers.formats import markup

TIMES: Final = re.compile(
    r"\s*((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})[ \t]*-->[ \t]*(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
)
VOICE: Final = re.compile(r"<v(?:\.[^\s>]{0,80})?[ \t]+([^>]{1,200})>")
SPEAKER: Final = re.compile(r"([^\s:][^:\n]{0,58}?)[ \t]*:[ \t]+(?=\S)")
NOT_A_NAME: Final = re.compile(r"[.!?,;]\s|[.!?;]$|https?$|\d$")
ABBREVIATED: Final = re.compile(
    r"\b(?:[A-Z]|(?:Mr|Mrs|Ms|Mx|Dr|Prof|Rev|Fr|St|Sr|Jr|Hon|Capt|Sgt|Lt|Col|Gen|Dipl|Ing))\.", re.I
)
"""What ends in a full stop within a name: a title, an initial."""
EMPHASIS: Final = re.compile(
    r"(?:[-*+•][ \t]+)?(\*{1,3}|_{1,3})(?=\S)([^*_:\n]{1,60}?)[ \t]*(?::[ \t]*\1|\1[ \t]*:)[ \t]*(?=\S)"
)
"""A name in bold or italic letters of Markdown: `**Name:** …`, `**Name**: …`, as an element of a list too."""
NUMBERED: Final = re.compile(
    r"(?:speaker|participant|person|guest|caller|customer|user|agent|host|interviewer|interviewee|respondent|voice|"
    r"unknown(?: speaker)?)"
    r"[ _-]?\d{1,3}",
    re.IGNORECASE,
)
BLOCKS: Final = ("NOTE", "STYLE", "REGION")


class Turn(NamedTuple):
    """What somebody said, and how many seconds after the start; None where the file does not say."""

    speaker: str
    text: str
    at: float | None


def clock(text: str) -> float:
    """Seconds of 03:04, 1:02:03 or 00:00:12,500."""
    seconds = 0.0
    for part in text.strip().replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def speaker(text: str) -> tuple[str, str]:
    """Split `Name: what was said`; no name where what stands before the colon reads like a sentence."""
    marked = EMPHASIS.match(text)
    found = marked or SPEAKER.match(text)
    name = (found[2] if marked else found[1]).strip() if found else ""
    if (
        found is None
        or len(name.split()) > 6
        or (NOT_A_NAME.search(ABBREVIATED.sub("", name)) and not NUMBERED.fullmatch(name))
    ):
        return "", text
    return name, text[found.end() :]


def turns(text: str) -> Iterator[Turn]:
    """The cues of a file; blocks without times (comments, styles) are left out."""
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.strip("\n").split("\n")
        at = next((n for n, each in enumerate(lines[:3]) if TIMES.match(each)), None)
        if at is None or lines[0].split(" ")[0] in BLOCKS:
            continue
        found = TIMES.match(lines[at])
        said = "\n".join(lines[at + 1 :])
        if found and said.strip():
            yield from _voices(said, clock(found[1]))


def _voices(said: str, at: float) -> Iterator[Turn]:
    """The voices of one cue: `<v Name>` each begins one; else `Name:`, else nobody named."""
    parts = VOICE.split(said)
    if len(parts) == 1:
        name, rest = speaker(_plain(said))
        yield Turn(name, rest, at)
        return
    if _plain(parts[0]):
        yield Turn("", _plain(parts[0]), at)
    for name, words in zip(parts[1::2], parts[2::2], strict=True):
        yield Turn(_plain(name), _plain(words), at)


def _plain(text: str) -> str:
    """The text of a cue on one line, its tags and references resolved."""
    return " ".join(markup.text(text).split())
