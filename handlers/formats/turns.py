"""Rows of one turn each, gathered into conversations by consecutive conversation_id."""

from datetime import datetime, timedelta
from typing import Any, Final

from needlework.handlers.formats import header, moment, payload
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.payload import Row
from needlework.handlers.formats.spelling import SPOKEN

LARGEST: Final = 8_000_000  # characters of one payload; what comes after follows in a second one of the same id
USED: Final = frozenset({"conversation_id", "text", "turn", "sentence", *payload.SENDER, *payload.TIME})
DEFAULT_SENDER: Final = "customer"


def is_turn(row: Row) -> bool:
    """A row that is one sentence or turn of a conversation named by its id."""
    return (
        isinstance(row.get("conversation_id"), str | int)
        and isinstance(row.get("text"), str)
        and not row.keys() & {"kind", "title", "body_md", *SPOKEN}
    )


class Dialogue:
    """The rows of one conversation so far. Sentences of one turn become the lines of one message."""

    def __init__(self, name: str, *, received: datetime) -> None:
        self.name = name
        self.received = received
        self.messages: list[dict[str, Any]] = []
        self.turn: object = None
        self.size = 0

    def full(self, row: Row) -> bool:
        """Whether the row should begin a payload of its own."""
        return self.size > LARGEST and not self._continues(row)

    def add(self, row: Row, line: int) -> None:
        """Take one row; ValueError says what is wrong with it, and leaves the conversation as it was."""
        turn = row.get("turn")
        if turn is not None and not isinstance(turn, str | int):
            raise ValueError("turn must be a number or a text")
        said = {key: value for key, value in row.items() if key not in USED}
        sender = payload.first(row, *payload.SENDER)
        raw = {"text": row["text"], "sender": sender or DEFAULT_SENDER, "facts": said}
        time = payload.first(row, *payload.TIME)
        raw |= {"sent_at": time} if time is not None else {}
        name = f"{self.name}:{turn}" if turn is not None else f"{self.name}:line-{line}"
        at = turn if isinstance(turn, int) and 0 <= turn < 1_000_000 else len(self.messages)
        message = payload.message(raw, name, self.received + timedelta(seconds=at))
        if self._continues(row):
            self._join(message)
        else:
            self.messages.append(message)
        self.turn = turn
        self.size += len(row["text"]) + 100

    def _continues(self, row: Row) -> bool:
        """Whether a row is a further sentence of the turn before it."""
        return bool(self.messages) and row.get("turn") is not None and row.get("turn") == self.turn

    def _join(self, message: dict[str, Any]) -> None:
        """Add a sentence to the last message: its text as a line, the lists among its facts at their end."""
        last = self.messages[-1]
        last["text"] = (last["text"] + "\n" + message["text"])[: payload.LONGEST_TEXT]
        facts = last.setdefault("facts", {})
        for key, value in message.get("facts", {}).items():
            if isinstance(value, list) and isinstance(facts.get(key), list):
                facts[key] = facts[key] + [each for each in value if each not in facts[key]]
            else:
                facts.setdefault(key, value)

    def item(self) -> Item:
        """The conversation's payload."""
        people: dict[str, header.Person] = {}
        for each in self.messages:
            people.setdefault(each["sender"].get("email") or each["sender"].get("name", ""), each["sender"])
        times = moment.ordered(each["sent_at"] for each in self.messages)
        return Item(
            "conversation",
            {
                "external_id": self.name,
                "channel": "chat",
                "subject": "",
                "participants": [each for each in people.values() if each],
                "started_at": times[0],
                "last_message_at": times[-1],
                "messages": self.messages,
            },
        )
