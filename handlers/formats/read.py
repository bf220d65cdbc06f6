"""Any file or folder that a person brings, to items and problems: by suffix, then by content."""

import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import structs
from needlework.handlers.formats import (
    archive,
    charset,
    ics,
    jsonl,
    mail,
    mbox,
    moment,
    payload,
    slack_export,
    tables,
    transcript,
)
from needlework.handlers.formats.items import Item, Problem

SUFFIXES: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".eml": "eml",
    ".mbox": "mbox",
    ".vtt": "vtt",
    ".srt": "srt",
    ".txt": "txt",
    ".csv": "csv",
    ".tsv": "csv",
    ".ics": "ics",
    ".ical": "ics",
    ".zip": "slack",
}
FORMATS: Final = frozenset(SUFFIXES.values())
ACCEPTED: Final = (
    "accepted: .jsonl, .ndjson, .json, .csv, .eml, .mbox, .vtt, .srt, .txt, .ics, a Slack export (.zip), or a folder"
)
PEEK: Final = 4096
DEEPEST_FOLDER: Final = 64
HEADER: Final = re.compile(
    rb"(?:From|Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Date|Subject|To|X-[\w-]{1,60})"
    rb"[ \t]*:",
    re.IGNORECASE,
)


def read(path: Path, *, format: str | None = None) -> Iterator[Item | Problem]:
    """Read a file or a folder (sorted, recursively). What cannot be read is a problem, never an exception."""
    if format is not None and format not in FORMATS:
        yield Problem(_name(path), None, f"unknown format {format[:40]!r}; known: {', '.join(sorted(FORMATS))}")
        return
    yield from _path(path, format, depth=0)


def _path(path: Path, format: str | None, *, depth: int) -> Iterator[Item | Problem]:
    """One path; links count only where the person named them, not inside a folder."""
    try:
        state = path.lstat() if depth else path.stat()
        if stat.S_ISDIR(state.st_mode):
            yield from _folder(path, format, depth=depth)
        elif not stat.S_ISREG(state.st_mode):  # a pipe would wait for ever, a link may lead anywhere
            yield Problem(_name(path), None, "neither a file nor a folder (links inside a folder are not followed)")
        else:
            with path.open("rb") as file:
                yield from _file(file, path, format, _received(state.st_mtime), named=not depth)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Problem(_name(path), None, f"cannot be read: {reason}")


def _folder(path: Path, format: str | None, *, depth: int) -> Iterator[Item | Problem]:
    """What a folder holds, by name; hidden files are nobody's data."""
    if depth >= DEEPEST_FOLDER:
        yield Problem(_name(path), None, "folders nested too deep")
        return
    names = sorted(os.listdir(path))  # noqa: PTH208 - names alone: a large folder costs no Path each
    if format == "slack" or (format is None and slack_export.is_export(names)):
        yield from slack_export.items(archive.Folder(path), _name(path))
        return
    for name in names:
        if not name.startswith("."):
            yield from _path(path / name, format, depth=depth + 1)


def _file(
    file: BinaryIO, path: Path, format: str | None, received: datetime, *, named: bool
) -> Iterator[Item | Problem]:
    """One open file, by its format; of an unknown kind, it is a failure only where the person named it."""
    source = _name(path)
    found = format or detect(path.name, file.read(PEEK))
    file.seek(0)
    if found is None:
        yield Problem(source, None, f"unknown kind of file; {ACCEPTED}", skipped=not named)
    elif found in ("jsonl", "json"):
        yield from jsonl.items(file, received=received, source=source, document=found == "json")
    elif found == "csv":
        yield from tables.items(file, path.stem, source=source)
    elif found == "mbox":
        yield from mbox.conversations(file, received=received, source=source)
    elif found == "ics":
        yield _calendar(file.read(ics.LARGEST + 1), path)
    elif found == "slack":
        yield from _export(file, source, named=named)
    elif found == "eml":
        yield mail.conversation(file.read(mail.LARGEST + 1), received=received, source=source)
    else:
        yield _text(file.read(transcript.LARGEST + 1), found, path, received)


def _export(file: BinaryIO, source: str, *, named: bool) -> Iterator[Item | Problem]:
    """An archive; another one than Slack's is a failure only where the person named it."""
    try:
        files = archive.Archive(file)
    except ValueError as error:
        yield Problem(source, None, str(error), skipped=not named)
        return
    yield from slack_export.items(files, source, named=named)


def _calendar(data: bytes, path: Path) -> Item | Problem:
    """A calendar, named by its file: sent in again under that name, it replaces what it said before."""
    try:
        return Item("calendar", {"name": _name(Path(path.stem))[:200], "text": ics.decode(data)})
    except ValueError as error:
        return Problem(_name(path), None, str(error))


def _text(data: bytes, format: str, path: Path, received: datetime) -> Item | Problem:
    """A transcript; a .txt without spoken turns is a note."""
    subject = _name(Path(path.stem))
    if len(data) <= transcript.LARGEST and not charset.is_text(data):
        return Problem(_name(path), None, "not text")
    if format == "txt" and len(data) <= transcript.LARGEST and b"-->" not in data[:PEEK]:
        text = charset.document(data)
        if not text.strip():
            return Problem(_name(path), None, "empty file")
        if not transcript.looks_spoken(text):
            return Item("note", payload.note({"title": subject, "body_md": text}))
    found = transcript.conversation(data, received=received, source=_name(path), subject=subject)
    return found if isinstance(found, Problem) else structs.replace(found, place=_name(path))


def detect(name: str, head: bytes) -> str | None:
    """The format by the file's suffix, else by its first bytes; None where neither says."""
    found = SUFFIXES.get(Path(name).suffix.lower())
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if found == "mbox" and not start.startswith(b"From ") and HEADER.match(start):
        return "eml"
    if found:
        return found
    if start[:15].upper() == b"BEGIN:VCALENDAR":
        return "ics"
    if start.startswith(b"WEBVTT"):
        return "vtt"
    if start.startswith(b"From ") and mbox.SEPARATOR.match(start):
        return "mbox"
    if HEADER.match(start):
        return "eml"
    if start.startswith((b"{", b"[")):
        return "json"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not Path(name).suffix:
        return "slack"
    return "srt" if re.match(rb"\d{1,6}\s*\n\s*\d{2}:\d{2}:\d{2}[,.]\d{3}[ \t]*-->", start) else None


def _received(modified: float) -> datetime:
    """A file's time, never in the future; a broken clock counts as the start of Unix time."""
    try:
        return min(moment.seconds(float(int(modified))), datetime.now(UTC).replace(microsecond=0))
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)


def _name(path: Path) -> str:
    """A path as text that JSON can hold, whatever bytes its name has."""
    return charset.clean(os.fsencode(path).decode("utf-8", "replace"))
