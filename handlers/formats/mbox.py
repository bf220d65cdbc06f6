"""An mbox file to its mails, one in memory at a time."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final

from needlework.handlers.formats import mail, moment
from needlework.handlers.formats.items import Item, Problem

LINE: Final = 64 * 1024
SEPARATOR: Final = re.compile(rb"From (\S*)\s.{0,200}?\d{1,2}:\d{2}")
QUOTED: Final = re.compile(rb">+From ")
DATE: Final = re.compile(r"(?:[A-Z][a-z]{2},?\s+)?([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)(.*)")


def conversations(file: BinaryIO, *, received: datetime, source: str = "mbox") -> Iterator[Item | Problem]:
    """Read the mails one after another; one that cannot be read is a problem with its first line's number."""
    number = 0
    for number, (line, envelope, data) in enumerate(_mails(file), 1):
        name = f"{source}#{number}"
        if data is None:
            yield Problem(name, line, f"mail larger than {mail.LARGEST // 1024 // 1024} MiB")
            continue
        found = mail.conversation(data, received=_envelope_date(envelope) or received, source=name)
        yield Problem(name, line, found.reason) if isinstance(found, Problem) else found
    if not number:
        yield Problem(source, None, "no mail in it: an mbox file begins with a line 'From address date'")


def _mails(file: BinaryIO) -> Iterator[tuple[int, str, bytes | None]]:
    """(line number, envelope line, bytes) of each mail; None for the bytes of one that is too large."""
    start, envelope, data, fits = 0, "", bytearray(), True
    blank, whole, number = True, True, 0
    while line := file.readline(LINE):
        number += whole  # what is longer than LINE comes in pieces
        if whole and blank and (SEPARATOR.match(line) or (number == 1 and line.startswith(b"From "))):
            if start:
                yield start, envelope, bytes(data) if fits else None
            start, envelope, fits = number, line.decode("latin-1").strip(), True
            data.clear()
        elif start and fits:
            data += line[1:] if whole and QUOTED.match(line) else line
            fits = len(data) <= mail.LARGEST
        blank = whole and not line.strip()
        whole = line.endswith(b"\n")
    if start:
        yield start, envelope, bytes(data) if fits else None


def _envelope_date(line: str) -> datetime | None:
    """The date of a line `From someone Mon Jan  2 15:04:05 2024`, UTC where it names no zone."""
    found = DATE.search(line)
    if found is None:
        return None
    month, day, time, rest = found.groups()
    year = re.search(r"\b\d{4}\b(?!\d)", re.sub(r"[+-]\d{4}\b", "", rest))
    zone = re.search(r"[+-]\d{4}\b", rest)
    if year is None:
        return None
    return moment.mail_date(f"{day} {month} {year[0]} {time} {zone[0] if zone else '+0000'}")
