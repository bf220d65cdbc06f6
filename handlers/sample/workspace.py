"""The sample workspace as ingest messages, its times counted back from now."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from needlework.bus.clock import rfc3339
from needlework.bus.durations import parse_duration
from needlework.bus.messages import Message
from needlework.handlers.accounts.messages import IngestAccount, IngestContact
from needlework.handlers.answers import Saved
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.notes.messages import IngestNote

Ingest = Message[Saved | list[Saved]]
BETWEEN = "5m"
"""Time between two messages where the file says nothing."""


def sample_items(now: int) -> Iterator[Ingest]:
    """Everything in the sample, accounts first; sent in again with the same `now` it changes nothing."""
    sample = tomllib.loads(Path(__file__).with_name("workspace.toml").read_text(encoding="utf-8"))
    accounts = {entry["external_id"]: _own_id("acct", entry) for entry in sample["accounts"]}
    for entry in sample["accounts"]:
        yield IngestAccount(id=accounts[entry["external_id"]], **entry)
    for entry in sample["users"]:
        yield IngestContact(account_id=accounts[entry.pop("account")], **entry)
    for entry in sample["conversations"]:
        yield _conversation(entry, now)
    for entry in sample["notes"]:
        yield IngestNote(author="Jo Amsel", **entry)


def _own_id(prefix: str, entry: dict[str, Any]) -> str:
    return f"{prefix}_{entry['external_id'].replace(':', '_')}"


def _conversation(entry: dict[str, Any], now: int) -> IngestConversation:
    at = now - parse_duration(entry.pop("age"))
    messages = []
    for number, each in enumerate(entry.pop("messages"), start=1):
        after = each.pop("after", BETWEEN)
        at += 0 if number == 1 else parse_duration(after)
        messages.append(MessageInput(external_id=str(number), sent_at=rfc3339(at), **each))
    return IngestConversation(messages=messages, **entry)
