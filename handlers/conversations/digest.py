"""What a chat comes to, as Markdown: pure functions of what was said and what was found in it."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.bus.clock import SECOND
from needlework.handlers.text.asked import Asked
from needlework.handlers.text.bullets import Scene, action, asked, document, flat, said, told
from needlework.handlers.text.cites import cite
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.outcome import outcome
from needlework.handlers.text.speech import content
from needlework.handlers.text.summarise import LEAST_CONTENT, Sentence, Turn, summarise
from needlework.handlers.text.talk import Point
from needlework.handlers.times import MINUTE
from needlework.handlers.zones import wall_of

LEAST, LEAST_PEOPLE = 5, 2
"""Messages, and for a thread people, below which there is nothing to summarise."""
ANSWERED = 60 * MINUTE
"""How long after a question what others say in a channel may answer it; in a thread everything may."""
SHORTEST, MOST, ANSWERS = 40, 117, 3
"""Words of a TL;DR; questions in it with what was said to them."""
_PICTURE = re.compile(r"(?<!\w):(?=[^:\s]{0,59}[a-z])[a-z0-9_+'-]{1,60}:(?!\w)")
_LINK = re.compile(r"https?://[^\s<>()\[\]{}|\"'`]{3,2000}")


class Post(NamedTuple):
    """One message that a person wrote; `thread` is its conversation, empty outside of threads."""

    id: str
    at: int
    speaker: str
    text: str
    thread: str
    subject: str
    conversation: str


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
    """The posts as what somebody said, without the names of emoji."""
    return [Turn(post.speaker, _PICTURE.sub("", post.text)) for post in posts]


def digest(posts: Sequence[Post], points: Sequence[Point], of: Subject, encoder: Encoder) -> str:
    """The whole text; every line names its message: by its time for people, in the link for programs."""
    turns = turns_of(posts)
    people = list(dict.fromkeys(post.speaker for post in posts))
    named = partial(_cite, of)
    scene = Scene(turns, of.zone, lambda turn: _moment(posts[turn].at), lambda turn: named(posts[turn]))
    words = sum(len(turn.text.split()) for turn in turns)
    came = outcome(turns, points, people, partial(_replies, posts))
    best = summarise(turns, encoder, words=min(MOST, max(SHORTEST, words // 3)), without=came.said)
    parts = {
        "TL;DR": _in_order(scene, best, _telling(came.answered)),
        "Decisions": [said(scene, turn, text) for turn, text in came.decisions],
        "Action items": [action(scene, task) for task in came.tasks],
        "Open questions": [asked(scene, each) for each in came.open],
        "Links": _links(posts, named),
        "Threads with a summary of their own": [
            f"- {first_words(each)}, {len(each)} messages {named(each[0])}" for each in of.threads
        ],
    }
    shown = ", ".join(flat(name) for name in people[:20])
    return document(f"*{flat(of.name)} · {of.day} · {shown} · {len(posts)} messages*", parts)


def _in_order(scene: Scene, best: Sequence[Sentence], answered: Sequence[Asked]) -> list[str]:
    """Lines of a TL;DR as they were said: what tells most, and questions with their answers."""
    lines = list(zip(dict.fromkeys(each.turn for each in best), told(scene, best), strict=True))
    lines += [(each.turn, asked(scene, each)) for each in answered]
    return [line for _, line in sorted(lines, key=lambda line: line[0])]


def _telling(answered: Sequence[Asked]) -> list[Asked]:
    """The questions with their answers that say most: not where to have lunch."""
    worth = [each for each in answered if min(_weight(each.text), _weight(each.reply)) >= LEAST_CONTENT]
    best = sorted(worth, key=lambda each: -_weight(f"{each.text} {each.reply}"))[:ANSWERS]
    return sorted(best, key=lambda each: each.turn)


def _weight(text: str) -> int:
    return len(content(_LINK.sub("", text)))


def _cite(of: Subject, post: Post) -> str:
    """A message by its time, and by its day where that is not the summary's."""
    local = wall_of(_moment(post.at), of.zone)
    day = "" if f"{local:%Y-%m-%d}" == of.day else f"{local:%Y-%m-%d} "
    return cite(f"{day}{local:%H:%M}", post.conversation, post.id)


def first_words(posts: Sequence[Post]) -> str:
    """What a thread begins with."""
    words = flat(_PICTURE.sub("", posts[0].text)) or flat(posts[0].text)
    return f"{words[:79]}…" if len(words) > 80 else words


def _replies(posts: Sequence[Post], at: int) -> list[int]:
    """What may answer a message: all that follows in its thread; outside of threads what is said within an hour."""
    post = posts[at]
    later = range(at + 1, len(posts))
    return [n for n in later if posts[n].thread == post.thread and (post.thread or posts[n].at <= post.at + ANSWERED)]


def _links(posts: Sequence[Post], named: Callable[[Post], str]) -> list[str]:
    found: dict[str, Post] = {}
    for post in posts:
        for link in _LINK.findall(post.text):
            found.setdefault(link.rstrip(".,;:!?*_~"), post)
    return [f"- {link} {named(post)}" for link, post in found.items()]


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)
