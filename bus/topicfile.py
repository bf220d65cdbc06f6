"""Read `topics.toml`: every mistake is named with file, line and the nearest right name."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
from needlework.bus.policies import LimitPolicy, Policies, RunnerPolicy, TopicPolicy

_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "runners": RunnerPolicy,
    "topics": TopicPolicy,
    "limits": LimitPolicy,
}
_LONGEST = 100
"""Letters of a name for which a similar one is sought: comparing takes time with its square."""


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for the closest of `known`, or nothing."""
    close = closest(name, tuple(known), 0.6)
    return f' (did you mean "{close}"?)' if close else ""


@lru_cache(maxsize=4096)
def closest(name: str, known: tuple[str, ...], cutoff: float) -> str | None:
    """The most similar of `known`. None where none is similar, or nobody would have meant a name that long."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=cutoff) if len(name) <= _LONGEST else []
    return close[0] if close else None


def read_policies(path: Path) -> tuple[Policies, list[str]]:
    """The policies of one file and every problem found in it, each as `file:line: what and how to mend it`."""
    try:
        text = path.read_text()
        raw = tomllib.loads(text)
    except OSError as error:
        return Policies(), [f"{path}: cannot be read: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Policies(), [f"{path}: not TOML: {error}"]
    return parse_policies(raw, str(path), text)


def parse_policies(raw: dict[str, Any], source: str, text: str = "") -> tuple[Policies, list[str]]:
    """As `read_policies`, from a parsed table; `text` is used to name lines."""
    problems: list[str] = []
    found: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    for section, tables in raw.items():
        if section not in _SECTIONS or not isinstance(tables, dict):
            where = f"{source}:{_line(text, section)}"
            problems.append(f"{where}: unknown section [{section}]{nearest(section, _SECTIONS)}")
            continue
        for name, table in tables.items():
            where = f"{source}:{_line(text, section, name)}: [{section}.{name}]"
            policy = _convert(table, _SECTIONS[section], where, problems)
            if policy is not None:
                found[section][name] = policy
    return Policies(**found), problems


def _convert(table: Any, kind: type[msgspec.Struct], where: str, problems: list[str]) -> Any:
    if not isinstance(table, dict):
        problems.append(f"{where}: must be a table")
        return None
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    wrong = [
        f"{where}: {reason}"
        for name, value in table.items()
        if (reason := _wrong(name, value, fields[name]) if name in fields else _unknown(name, fields))
    ]
    problems += wrong
    if wrong:
        return None
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{where}: {error}")
        return None


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"unknown setting {name!r}{nearest(name, known)}"


def _wrong(name: str, value: Any, kind: Any) -> str:
    """What is wrong with one value, so that all of a table's mistakes are told at once; nothing where it fits."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if get_origin(kind) is Literal and isinstance(value, str):
            words = get_args(kind)
            return f"{name} {value!r} is none of {', '.join(words)}{nearest(value, words)}"
        return f"{name}: {error}"
    return ""


def _line(text: str, section: str, name: str | None = None) -> int:
    if name is None:
        pattern = rf"^\s*\[+\s*{re.escape(section)}\b"
    else:
        pattern = rf"^\s*\[\s*{re.escape(section)}\s*\.\s*[\"']?{re.escape(name)}[\"']?\s*\]"
    match = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) + 1 if match else 1
