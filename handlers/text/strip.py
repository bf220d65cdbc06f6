"""What a mail's author wrote himself: spans of the original text without quotes, signature and legal footer.

Line by line and linear in the length, since anyone may send a mail that makes a backtracking pattern crawl.
Offsets stay those of the original, so that evidence can be shown in place.
"""

import re
from typing import NamedTuple

from needlework.handlers.text.sentences import Span

MAX_LINE = 400
"""Characters of a line that the patterns look at."""
SIGNATURE = 12
"""Lines below a signature's first one, quotes apart."""

_QUOTE = re.compile(r"\s{0,3}(?:>|&gt;)")
_WROTE = re.compile(
    r"\s*(?:(?:on|am|le|el|il|op|den|em)\s.{4,300}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|"
    r"skrev|escreveu)"
    r"|.{1,200}<[^>\s]+@[^>\s]+>\s*(?:wrote|schrieb|a écrit|escribió))\s*:?\s*$",
    re.IGNORECASE,
)
_WROTE_BEGINS = re.compile(r"\s*on\s.{0,40}\b(?:19|20)\d\d\b", re.IGNORECASE)
_FORWARD = re.compile(
    r"\s*-{2,}\s*(?:original message|forwarded message|original appointment|forwarded by\b.*|"
    r"ursprüngliche nachricht|message d'origine|mensaje original)\s*-{0,}\s*$|"
    r"\s*begin forwarded message:\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\s*\*?(?:from|sent|to|cc|bcc|date|subject|reply-to|von|gesendet|an|betreff|de|envoyé|à|"
    r"objet)\*?\s*:\*?\s",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{10,}\s*$")
_SIGNATURE = re.compile(r"(?:--|—|__)\s*$")
_DEVICE = re.compile(
    r"\s*(?:sent (?:from|via|using) (?:my |the )?\S.{0,60}|get outlook for \w.{0,60}|"
    r"sent by .{1,40} mobile)$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s*(?:(?:best|kind|warm|many)?\s*(?:regards|wishes)|sincerely(?: yours)?|yours (?:truly|sincerely|"
    r"faithfully)|"
    r"cheers|best|all the best|(?:many )?thanks(?: (?:again|so much|and regards|in advance))?|thank you|"
    r"respectfully|cordially|mit freundlichen grüßen|viele grüße|cordialement|saludos)\s*[,.!]?\s*$",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\s*\W{0,4}(?:(?:confidentiality|legal|privacy|email|e-mail)?\s*(?:notice|disclaimer)\b\s*[:.\-]|"
    r"(?:this|the) (?:information (?:contained )?in this )?(?:e-?mail|message|communication)"
    r"(?:,? (?:and|including|or) (?:any|all|its) (?:files?|attachments?|accompanying)\b|"
    r" (?:is|may be|may contain|contains|transmission|message|is intended)\b.{0,120}"
    r"\b(?:confidential|privileged|intended|proprietary|recipient))|"
    r"if you (?:are not|have received this|received this|were not) .{0,60}(?:recipient|in error|by mistake)|"
    r"(?:to |click here to |you can )?unsubscribe\b|you(?:'re| are) receiving this|"
    r"if you (?:no longer wish|prefer not|do not wish|would prefer not|don't want) to receive|"
    r"please consider the environment|(?:copyright\s*)?(?:©|\(c\))\s*(?:copyright\s*)?\d{4})",
    re.IGNORECASE,
)


class _Line(NamedTuple):
    start: int
    end: int
    text: str


def authored(text: str) -> list[Span]:
    """The spans of `text` that its sender wrote himself, in order; the whole text when nothing is to
    strip."""
    lines = _lines(text)
    end = _tail(lines)
    spans: list[Span] = []
    for line in lines[:end]:
        if _QUOTE.match(line.text):
            continue
        if spans and spans[-1].end == line.start:
            spans[-1] = Span(spans[-1].start, line.end)
        else:
            spans.append(Span(line.start, line.end))
    return spans


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    position = 0
    for line in text.splitlines(keepends=True):
        lines.append(_Line(position, position + len(line), line[:MAX_LINE].rstrip()))
        position += len(line)
    return lines


def _tail(lines: list[_Line]) -> int:
    """Index of the first line that is history, signature or footer to the end."""
    signs = _last(lines, SIGNATURE)  # once: each of many lines may look like a signature's beginning
    for index, line in enumerate(lines):
        if not line.text:
            continue
        if index and _history(lines, index):
            return _before_closing(lines, index)
        if index >= max(1, signs) and (_SIGNATURE.match(line.text) or _DEVICE.match(line.text)):
            return _before_closing(lines, index)
        if _LEGAL.match(line.text) and index and not lines[index - 1].text:
            return _before_closing(lines, index)
    return _before_closing(lines, len(lines))


def _history(lines: list[_Line], index: int) -> bool:
    """Does an earlier message begin here? A header block needs two header lines, and a blank line or a
    rule above."""
    text = lines[index].text
    if _FORWARD.match(text):
        return True
    following = lines[index + 1].text if index + 1 < len(lines) else ""
    if _WROTE.match(text) or (_WROTE_BEGINS.match(text) and _WROTE.match(f"{text} {following}"[:MAX_LINE])):
        return _quote_follows(lines, index) or text.endswith(":") or following.endswith(":")
    if _RULE.match(text):
        return bool(_HEADER.match(following))
    return bool(not lines[index - 1].text and _HEADER.match(text) and _HEADER.match(following))


def _quote_follows(lines: list[_Line], index: int) -> bool:
    return any(_QUOTE.match(line.text) for line in lines[index + 1 : index + 5])


def _last(lines: list[_Line], most: int) -> int:
    """The first line below which at most `most` lines stand that are not quotes: from there on a tail is short."""
    left = most
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].text and not _QUOTE.match(lines[at].text):
            if not left:
                return at
            left -= 1
    return 0


def _before_closing(lines: list[_Line], end: int) -> int:
    """`end`, or the line after a closing ("Best regards,") near it: names, posts and telephone numbers go."""
    filled = [index for index in range(end) if lines[index].text]
    for index in filled[-7:]:
        if (
            _CLOSING.match(lines[index].text)
            and index
            and all(len(lines[later].text) < 70 for later in range(index, end))
        ):
            return index + 1 if lines[index].text.lower().lstrip().startswith(("thank", "many thanks")) else index
    return end
