"""What code a process runs, in twelve letters: two processes on one file should show the same."""

import hashlib
import inspect
from pathlib import Path

import msgspec
from needlework.bus.registry import Registry


def fingerprint(registry: Registry) -> str:
    """A hash of every topic's, runner's and limit's policy and of the files that the handlers and types stand in."""
    found = hashlib.sha256()
    for name, topic in sorted(registry.topics.items()):
        found.update(f"{name} {topic.type.__struct_fields__} {topic.runners}".encode())
        found.update(msgspec.json.encode(topic.policy))
    for name, runner in sorted(registry.runners.items()):
        found.update(name.encode() + msgspec.json.encode(runner.policy))
    for name, limit in sorted(registry.limits.items()):
        found.update(name.encode() + msgspec.json.encode(limit))
    things = [topic.type for topic in registry.topics.values()]
    functions = [each.function for topic in registry.topics.values() for each in topic.subscriptions]
    for path in sorted({file for thing in (*things, *functions) if (file := _file_of(thing)) is not None}):
        found.update(Path(path).read_bytes())
    return found.hexdigest()[:12]


def _file_of(thing: object) -> str | None:
    """Where it was written, if that is a file."""
    try:
        path = inspect.getsourcefile(thing)  # type: ignore[arg-type]
    except TypeError:
        return None
    return path if path is not None and Path(path).is_file() else None
