"""Conversations for `scale.py`: real text of `../shared/data`, or a file, with other names, accounts and companies."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from needlework.benchmarks.training import sources
from needlework.handlers.formats.read import read
from needlework.handlers.text.sentences import sentences

ACCOUNTS = 400
DAYS = 90
PARTS = {"chat": 62, "email": 18, "github": 10, "call": 4, "slack": 6}
"""Of a hundred conversations. A part of a meeting is no meeting: it gets no summary of its own."""
LONGEST = 1_500
"""Characters of an issue that are taken."""
TURNS = 8
"""Turns of a meeting that make one part."""
WOVEN = 0.6
"""Share of the sentences of five words or more that get a name."""

_FIRST = "Ada Bela Caro Dario Edda Finn Greta Hugo Ines Jonas Kira Lasse Mila Nils Orla Pavel Quinn Rosa Sven Tilda"
_LAST = "Abel Brandt Castro Dahl Egger Falk Grau Holm Iversen Jansen Koch Lund Moser Novak Olsen Pohl Reiter Sand Thorn"
_FRONT = "Amber Birch Cedar Delta Ember Flint Garnet Harbor Indigo Juniper Kestrel Lumen Meadow North Opal Pine Quarry"
_BACK = "Foods Freight Labs Media Retail Systems Travel Works Analytics Clinics Energy Games Housing Insurance Tools"
_NUMBER = re.compile(r"\d{3,}")
_END = re.compile(r"[\s.!?]*$")


class Told(NamedTuple):
    """A real conversation: its channel, subject, and (who, text) of each message."""

    channel: str
    subject: str
    said: list[tuple[str, str]]


class Made(NamedTuple):
    """What the file holds."""

    conversations: int
    sentences: int
    new: int
    """Sentences that did not stand in the file before."""


def write(path: Path, count: int, now: datetime, own: Path | None = None, seed: int = 0) -> Made:
    """Write accounts and `count` conversations as JSON lines; how much of it is new text.

    `own` names a file of conversations, in the same form, whose text is taken instead.
    """
    rng, seen = random.Random(seed), set[str]()
    companies = _companies(rng)
    total = 0
    with path.open("w", encoding="utf-8") as file:
        for number, name in enumerate(companies):
            row = {"kind": "account", "external_id": f"company-{number}", "name": name, "domains": [_domain(name)]}
            file.write(json.dumps({**row, "mrr": rng.randrange(50, 5000)}) + "\n")
        for number, told in enumerate(_shuffled(count, rng, own)):
            row = _conversation(number, told, rng, companies, now - timedelta(days=DAYS) * (1 - number / count))
            file.write(json.dumps(row) + "\n")
            for message in row["messages"]:
                text = message["text"]
                found = [text[span.start : span.end] for span in sentences(text)]
                total += len(found)
                seen.update(found)
    return Made(count, total, len(seen))


def _shuffled(count: int, rng: random.Random, own: Path | None) -> Iterator[Told]:
    """Channels as `PARTS` says; within one, each real conversation once before any comes again."""
    known = {channel: list(made() if own is None else _own(own)) for channel, made in _READERS.items()}
    waiting: dict[str, list[Told]] = {channel: [] for channel in known}
    for channel in rng.choices(list(PARTS), list(PARTS.values()), k=count):
        if not waiting[channel]:
            waiting[channel] = rng.sample(known[channel], len(known[channel]))
        yield waiting[channel].pop()


def _conversation(number: int, told: Told, rng: random.Random, companies: list[str], at: datetime) -> dict[str, Any]:
    company = companies[min(int(rng.expovariate(1 / 80)), len(companies) - 1)]
    people: dict[str, str] = {}
    messages = []
    for place, (who, text) in enumerate(told.said):
        name = people.setdefault(who, f"{rng.choice(_FIRST.split())} {rng.choice(_LAST.split())}")
        sender = {"name": name, "email": f"{name.replace(' ', '.').lower()}@{_domain(company)}"}
        sent = (at + timedelta(minutes=2 * place)).astimezone(UTC).isoformat(timespec="seconds")
        words = {"text": _renamed(text, rng, name, company), "sender": sender, "sent_at": sent}
        messages.append({"external_id": f"m{place}", **words})
    row = {"kind": "conversation", "channel": told.channel, "external_id": f"scale-{number}", "messages": messages}
    return {**row, "subject": _numbers(told.subject, rng)[:200]}


def _renamed(text: str, rng: random.Random, name: str, company: str) -> str:
    """Other numbers, and names woven into most sentences, line by line so that the shape of the text stays."""
    lines = []
    for line in _numbers(text, rng).split("\n"):
        made, last = "", 0
        for span in sentences(line):
            said = line[span.start : span.end]
            if said.count(" ") >= 4 and rng.random() < WOVEN:
                word = rng.choice((f" for {company}", f", {name.split()[0]}", f" at {company}"))
                cut = _END.search(said)
                place = cut.start() if cut else len(said)
                said = said[:place] + word + said[place:]
            made += line[last : span.start] + said
            last = span.end
        lines.append(made + line[last:])
    return "\n".join(lines)


def _numbers(text: str, rng: random.Random) -> str:
    return _NUMBER.sub(lambda match: "".join(rng.choice("123456789") for _ in match[0]), text)


def _companies(rng: random.Random) -> list[str]:
    names = [f"{front} {back}" for front in _FRONT.split() for back in _BACK.split()]
    names += [f"{name} & Sons" for name in names]
    return rng.sample(names, ACCOUNTS)


def _domain(company: str) -> str:
    return re.sub(r"\W+", "-", company.lower()) + ".example"


def _own(path: Path) -> Iterator[Told]:
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        said = [(message.get("sender", "customer"), message["text"]) for message in row["messages"]]
        yield Told(row.get("channel", "chat"), row.get("subject", ""), said)


def _chats() -> Iterator[Told]:
    for _, rows in groupby(sources.chats(sources.DATA), key=lambda row: row.group):
        yield Told("chat", "", [("customer", row.text) for row in rows])


def _mails() -> Iterator[Told]:
    """The mails of real clients, and letters of four sentences that people wrote at work."""
    for each in read(sources.DATA / "mail"):
        data = getattr(each, "data", {})
        if texts := [message["text"] for message in data.get("messages", ()) if message.get("text", "").strip()]:
            yield Told("email", data.get("subject") or "", [("writer", text[:LONGEST]) for text in texts])
    rows = [row.text for row in sources.emails(sources.DATA)]
    for start in range(0, len(rows) - 3, 4):
        yield Told("email", rows[start][:60], [("writer", " ".join(rows[start : start + 4]))])


def _issues() -> Iterator[Told]:
    for each in sources.issues(sources.DATA):
        yield Told("github", each.title, [("reporter", each.body[:LONGEST] or each.title)])


def _calls() -> Iterator[Told]:
    for line in (sources.DATA / "qmsum" / "train_40.jsonl").read_text(encoding="utf-8").splitlines():
        turns = [(turn["speaker"], turn["content"]) for turn in json.loads(line)["meeting_transcripts"]]
        for start in range(0, len(turns) - TURNS, TURNS):
            yield Told("chat", "Call", turns[start : start + TURNS])


def _slack() -> Iterator[Told]:
    """Parts of a channel's days; questions of customers, as they come in where a team reads along."""
    for path in sorted((sources.DATA / "slack" / "export").glob("*/*.json")):
        said = [(row.get("user", "bot"), row["text"]) for row in json.loads(path.read_text()) if row.get("text")]
        for start in range(0, len(said), TURNS):
            yield Told("slack", "", said[start : start + TURNS])
    rows = [row.text for row in sources.questions(sources.DATA)]
    for start in range(0, len(rows) - 2, 3):
        yield Told("slack", "", [(f"asker {at}", rows[start + at]) for at in range(3)])


_READERS = {"chat": _chats, "email": _mails, "github": _issues, "call": _calls, "slack": _slack}
