"""What a chat comes to, as Markdown: pure functions of what was said and what was found in it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.bus.clock import SECOND
from needlework.handlers.text.bullets import Point, Scene, action, document, flat, pick, said
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.summarise import Turn, plain, summarise
from needlework.handlers.times import MINUTE

LEAST, LEAST_PEOPLE = 5, 2
"""Messages, and for a thread people, below which there is nothing to summarise."""
ANSWERED = 60 * MINUTE
"""How long after a question what others say in a channel may answer it; in a thread everything may."""
_LINK = re.compile(r"https?://[^\s<>()\[\]{}|\"'`]{3,2000}")


class Post(NamedTuple):
    """One message that a person wrote; `thread` is empty outside of threads."""

    id: str
    at: int
    speaker: str
    text: str
    thread: str
    subject: str


class Subject(NamedTuple):
    """What the summary is of: a name and a day for people, and threads that have a summary of their own."""

    name: str
    day: str
    zone: ZoneInfo
    threads: Sequence[Sequence[Post]] = ()


def worth(posts: Sequence[Post], *, thread: bool) -> bool:
    """Whether there is enough to summarise."""
    return len(posts) >= LEAST and (not thread or len({post.speaker for post in posts}) >= LEAST_PEOPLE)


def turns_of(posts: Sequence[Post]) -> list[Turn]:
    """The posts as what somebody said."""
    return [Turn(post.speaker, post.text) for post in posts]


def digest(posts: Sequence[Post], points: Sequence[Point], of: Subject, encoder: Encoder) -> str:
    """The whole text; every line names its message."""
    turns = turns_of(posts)
    people = list(dict.fromkeys(post.speaker for post in posts))
    scene = Scene(turns, people, of.zone, lambda turn: _moment(posts[turn].at), lambda turn: posts[turn].id)
    words = sum(len(turn.text.split()) for turn in turns)
    best = summarise(turns, encoder, words=min(117, max(25, words // 3)))
    parts = {
        "TL;DR": [said(scene, each.turn, each.text) for each in best],
        "Decisions": [said(scene, p.turn, plain(p.text)) for p in pick(points, "decision")],
        "Action items": [action(scene, p) for p in pick(points, "action_items", "follow_up_promised")],
        "Open questions": [said(scene, p.turn, plain(p.text)) for p in _unanswered(posts, points)],
        "Links": _links(posts),
        "Threads with a summary of their own": [
            f"- {first_words(each)}, {len(each)} messages ({each[0].id})" for each in of.threads
        ],
    }
    shown = ", ".join(flat(name) for name in people[:20])
    return document(f"*{flat(of.name)} · {of.day} · {shown} · {len(posts)} messages*", parts)


def first_words(posts: Sequence[Post]) -> str:
    """What a thread begins with."""
    words = flat(posts[0].text)
    return f"{words[:79]}…" if len(words) > 80 else words


def _unanswered(posts: Sequence[Post], points: Sequence[Point]) -> list[Point]:
    """Questions after which nobody else said anything but a question."""
    return [point for point in pick(points, "question") if not _answered(posts, point.turn)]


def _answered(posts: Sequence[Post], at: int) -> bool:
    asked = posts[at]
    for post in posts[at + 1 :]:
        if not asked.thread and post.at > asked.at + ANSWERED:
            return False
        others = post.thread == asked.thread and post.speaker != asked.speaker
        if others and not post.text.rstrip().endswith("?"):
            return True
    return False


def _links(posts: Sequence[Post]) -> list[str]:
    found: dict[str, str] = {}
    for post in posts:
        for link in _LINK.findall(post.text):
            found.setdefault(link.rstrip(".,;:!?*_~"), post.id)
    return [f"- {link} ({place})" for link, place in found.items()]


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)
