"""What an input means for what is stored: pure functions, so that they can be tested without a database."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from needlework.handlers.conversations.messages import MessageInput
from needlework.handlers.formats.slack_text import with_emoji
from needlework.handlers.people import Person, address, person
from needlework.handlers.times import read_time
from needlework.handlers.words import clean, content_hash

SLACK = "slack"


class Incoming(NamedTuple):
    """One message, ready to be compared with what is stored."""

    identity: str
    sent_at: int
    hash: str
    sender: Person
    text: str
    given: MessageInput

    def columns(self) -> dict[str, str | int | None]:
        """The columns of its row."""
        given = self.given
        return {
            "identity": self.identity,
            "external_id": given.external_id,
            "sender_name": self.sender.name,
            "sender_email": self.sender.email,
            "sender_id": self.sender.id,
            "sent_at": self.sent_at,
            "text": self.text,
            "html_ref": given.html_ref,
            "reply_to": given.reply_to,
            "facts": msgspec.json.encode(given.facts).decode(),
            "attachments": msgspec.json.encode(given.attachments).decode(),
            "content_hash": self.hash,
        }


def incoming(messages: Sequence[MessageInput], base: int, channel: str | None = None) -> list[Incoming]:
    """The messages with their identities and times, each identity once (the last one sent in wins).

    Without `sent_at` a message happened at `base`, in the order given. Without `external_id` it is known by
    its sender, time and text, and by how many equal ones stand before it, so that sending the same list
    again, in any order, finds each message where it was put the first time. What was said in Slack (`channel`) names
    its emoji; people see them.
    """
    shown = with_emoji if channel == SLACK else str
    found: dict[str, Incoming] = {}
    seen: dict[str, int] = {}
    for number, given in enumerate(messages):
        who = person(given.sender)
        stated = None if given.sent_at is None else read_time(given.sent_at)
        identity = "x:" + clean(given.external_id) if given.external_id else ""
        if not identity:
            bare = content_hash(address(who), stated, clean(given.text))
            seen[bare] = seen.get(bare, 0) + 1
            identity = f"h:{bare}:{seen[bare]}"
        hash_ = content_hash(
            msgspec.to_builtins(who), stated, given.text, given.reply_to, given.facts, given.attachments
        )
        found[identity] = Incoming(
            identity, base + number if stated is None else stated, hash_, who, shown(clean(given.text)), given
        )
    return list(found.values())


def people(given: Iterable[Person | str], messages: Iterable[Incoming]) -> dict[str, Person]:
    """Everyone named as participant or sender, by address."""
    everyone = [*(person(each) for each in given), *(message.sender for message in messages)]
    found: dict[str, Person] = {}
    for who in everyone:
        if address(who):
            found.setdefault(address(who), who)
    return found
