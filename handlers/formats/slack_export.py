"""A Slack export to conversations: one a channel and day, one a thread; each message stands in one of them."""

import io
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from needlework.handlers.formats import charset, jsonl
from needlework.handlers.formats.archive import Files
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.slack_message import Known, Said, mention, person, read_message

MOST: Final = 500
"""Messages in one item; the next ones of the same conversation follow in another."""
INDEX: Final = "channels.json"
CHANNELS: Final = (INDEX, "groups.json", "mpims.json")
"""Where Slack names public channels, private ones, and conversations of several people."""
PRIVATE: Final = "dms.json"
PEOPLE: Final = "users.json"
ASIDE: Final = frozenset({*CHANNELS, PRIVATE, PEOPLE, "org_users.json", "integration_logs.json"})
FIRST_WORDS: Final = 80
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


class Channel(NamedTuple):
    """A channel, and its name as people say it."""

    id: str
    name: str


def is_export(names: list[str]) -> bool:
    """Whether a folder with these files is an export, or holds one and nothing beside it."""
    return INDEX in names and PEOPLE in names


def items(files: Files, source: str, *, named: bool = True) -> Iterator[Item | Problem]:
    """Everything in the export, channel by channel and day by day; what cannot be read is named with its file.

    Files that are no export are a failure where a person `named` them.
    """
    roots = [name for name in files.names if name.rpartition("/")[2] == INDEX and name.count("/") <= 1]
    if roots:
        yield from _Export(files, source, min(roots, key=len).removesuffix(INDEX)).items()
    else:
        reason = f"not a Slack export: no {INDEX} in it; unpack other archives, and import the folder"
        yield Problem(source, None, reason, skipped=not named)


class _Export:
    """One export whose files' names begin with `root`."""

    def __init__(self, files: Files, source: str, root: str) -> None:
        self._files, self._source, self._root = files, source, root
        self._channels: dict[str, Channel] = {}
        """By the name of their folder."""
        self._private: set[str] = set()
        self._known = Known({}, {}, {})

    def items(self) -> Iterator[Item | Problem]:
        """The indexes first: they say who is who."""
        yield from self._index()
        folders: dict[str, list[str]] = {}
        for name in self._files.names:
            folder, _, file = name.removeprefix(self._root).partition("/")
            if name.startswith(self._root) and file and "/" not in file:
                folders.setdefault(folder, []).append(file)
            elif folder not in ASIDE or file:
                yield self._problem(name, "no part of an export's messages", skipped=True)
        for folder, days in folders.items():
            channel = self._channels.get(folder)
            if channel is not None:
                yield from self._channel(channel, folder, days)
            elif folder in self._private:
                yield self._problem(self._root + folder, "messages between two people are left out", skipped=True)
            else:
                reason = f"a folder of no channel that {INDEX} names"
                yield self._problem(self._root + folder, reason, skipped=not any(map(_DAY.fullmatch, days)))

    def _index(self) -> Iterator[Problem]:
        for name in (PEOPLE, *CHANNELS, PRIVATE):
            if self._root + name not in self._files.names:
                if name == PEOPLE:
                    yield self._problem(self._root + name, "missing: people are known by their ids only", skipped=True)
                continue
            for found in self._rows(self._root + name):
                if isinstance(found, Problem):
                    yield found
                elif not isinstance(found.value.get("id"), str):
                    yield found.problem(self._place(self._root + name), "no id")
                else:
                    self._note(name, found.value)

    def _note(self, index: str, row: dict[str, Any]) -> None:
        """Remember one entry of an index."""
        id_, name = row["id"], row.get("name")
        if index == PEOPLE:
            self._known.people[id_] = who = person(row)
            self._known.names[id_] = mention(who)
        elif index == PRIVATE:
            self._private.add(id_)
        elif isinstance(name, str) and name:
            self._channels[name] = Channel(id_, charset.clean(name)[:200])
            self._known.channels[id_] = charset.clean(name)[:200]

    def _channel(self, channel: Channel, folder: str, days: list[str]) -> Iterator[Item | Problem]:
        """The days in order, so that a thread's first message comes before what answers it."""
        begun: set[str] = set()
        for day in days:
            name = f"{self._root}{folder}/{day}"
            if not _DAY.fullmatch(day):
                yield self._problem(name, "no day of messages", skipped=True)
                continue
            waiting: dict[str, list[Said]] = {}
            for found in self._rows(name):
                if isinstance(found, Problem):
                    yield found
                    continue
                try:
                    said = read_message(found.value, self._known)
                except ValueError as error:
                    yield found.problem(self._place(name), str(error))
                    continue
                group = waiting.setdefault(said.thread, [])
                group.append(said)
                if len(group) == MOST:
                    yield self._item(channel, day, waiting.pop(said.thread), begun, name)
            for group in waiting.values():
                yield self._item(channel, day, group, begun, name)

    def _item(self, channel: Channel, day: str, group: list[Said], begun: set[str], file: str) -> Item:
        """A conversation, or more of one: what the server knows already it leaves as it is."""
        thread = group[0].thread
        own = thread or day.removesuffix(".json")
        data: dict[str, Any] = {
            "external_id": f"slack:{channel.id}:{own}",
            "channel": "slack",
            "channel_id": channel.id,
            "messages": [each.data for each in group],
        }
        first = next((each for each in group if each.data["external_id"] == thread), None)
        if not thread:
            data["subject"] = f"#{channel.name}"
        elif first is not None:
            data["subject"] = f"#{channel.name}: {' '.join(first.data['text'].split())[:FIRST_WORDS]}"
        elif thread not in begun:  # its first message is older than the export
            data["subject"] = f"#{channel.name}: a thread"
        begun.add(thread)
        return Item("conversation", data, place=self._place(file))

    def _rows(self, name: str) -> Iterator[jsonl.Value | Problem]:
        """The objects of one file's list."""
        try:
            data = self._files.read(name)
        except ValueError as error:
            yield self._problem(name, str(error))
            return
        for found in jsonl.elements(io.BytesIO(data), self._place(name)):
            if isinstance(found, jsonl.Value) and not isinstance(found.value, dict):
                yield found.problem(self._place(name), "not an object")
            else:
                yield found

    def _place(self, name: str) -> str:
        return f"{self._source}/{charset.clean(name)}"

    def _problem(self, name: str, reason: str, *, skipped: bool = False) -> Problem:
        return Problem(self._place(name), None, reason, skipped=skipped)
