"""The sample workspace as ingest messages, its times counted back from now."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from needlework.bus.clock import rfc3339
from needlework.bus.durations import parse_duration
from needlework.bus.messages import Message
from needlework.handlers.accounts.messages import IngestAccount, IngestContact
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.notes.messages import IngestNote
from needlework.handlers.sample.meetings import meeting, said
from needlework.handlers.sample.plans import task

CHANNELS = ("email", "chat", "slack", "github")
BETWEEN = "5m"
"""Time between two messages where the file says nothing."""
_FOLDER = Path(__file__).parent


def sample_items(now: int) -> Iterator[Message[Any]]:
    """Everything in the sample but its calendar, accounts first; sent in again with the same `now` it adds nothing.

    Conversations come newest first, so that what the page shows is labelled before what it does not.
    """
    for entry in read("accounts"):
        churned = entry.pop("churned", None)
        if churned is not None:
            entry["churned_at"] = rfc3339(now - parse_duration(churned))
        yield IngestAccount(id=account_id(entry["external_id"]), **entry)
    for entry in read("contacts"):
        yield IngestContact(account_id=account_id(entry.pop("account")), **entry)
    given = [{"channel": channel} | entry for channel in CHANNELS for entry in read(channel, "conversations")]
    for entry in sorted(given, key=lambda entry: parse_duration(entry["age"])):
        yield _conversation(entry, now)
    for entry in read("meetings"):
        yield said(entry, now, account_id(entry.get("account")))
    for entry in read("notes"):
        yield IngestNote(**entry)
    for entry in read("tasks"):
        yield task(entry, now, account_id(entry.pop("account")))
    for entry in read("meetings"):  # last: a meeting that is over is summarised when what was said is there
        yield meeting(entry, now)


def read(name: str, table: str | None = None) -> list[dict[str, Any]]:
    """The entries of one data file."""
    entries: list[dict[str, Any]] = tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text("utf-8"))[table or name]
    return entries


def account_id(name: str | None) -> str | None:
    """The id of an account, from its external id or the part of it that tells it from others."""
    return None if name is None else f"acct_sample_{name.removeprefix('sample:')}"


def _conversation(entry: dict[str, Any], now: int) -> IngestConversation:
    at = now - parse_duration(entry.pop("age"))
    messages = []
    thread = entry.pop("thread", False)
    for number, each in enumerate(entry.pop("messages"), start=1):
        after = each.pop("after", BETWEEN)
        at += 0 if number == 1 else parse_duration(after)
        first = "1" if thread and number > 1 else None
        messages.append(MessageInput(external_id=str(number), sent_at=rfc3339(at), reply_to=first, **each))
    return IngestConversation(messages=messages, account_id=account_id(entry.pop("account", None)), **entry)
