"""Fields of conversations and notes that nothing reads: a misspelt one is named, never dropped without a word."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final

from needlework.bus.topicfile import nearest

SPOKEN: Final = ("messages", "turns", "meeting_transcripts", "transcript")
FIELDS: Final[dict[str, frozenset[str]]] = {
    "conversation": frozenset(
        {"id", "fs_id", "external_id", "channel", "subject", "title", "started_at", "created_at", "date"}
        | {"last_message_at", "participants", "account_id", "status", "connection_id", "channel_id", "kind", *SPOKEN}
    ),
    "note": frozenset(
        {"id", "external_id", "title", "subject", "body_md", "body", "text", "content"}
        | {"kind", "conversation_id", "meeting_id", "author"}
    ),
}
CLOSE: Final = 0.8  # `titel` is title; `updated_at`, which many exports have, is not created_at


def check(row: dict[str, Any], kind: str, *, strict: bool) -> None:
    """Raise ValueError that names the wrong fields: where the row says its kind, every unknown one.

    An export of another program may say more than we keep: of a row without `kind`, only what is nearly a field
    of ours (and not one with a word behind it, like channel_name) is taken for a mistake.
    """
    known = FIELDS.get(kind)
    if known is None:
        return
    wrong = [name for name in row if name not in known and (strict or misspelt(name, known))]
    if wrong:
        more = f"; a {kind} has {', '.join(sorted(known))}" if any(not nearest(name, known) for name in wrong) else ""
        raise ValueError("; ".join(f"unknown field {name[:60]!r}{nearest(name, known)}" for name in wrong) + more)


def misspelt(name: str, known: Iterable[str]) -> bool:
    """Whether a name is nearly one of ours."""
    return any(not name.startswith(f"{each}_") for each in get_close_matches(name[:60], known, n=1, cutoff=CLOSE))


def hint(row: dict[str, Any]) -> str:
    """The fields of a row that tells nothing of itself, where one of them is nearly one of ours."""
    known = frozenset.union(*FIELDS.values())
    names = [name for name in row if name not in known and misspelt(name, known)]
    return "".join(f"; unknown field {name[:60]!r}{nearest(name, known)}" for name in names)
