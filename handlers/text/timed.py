"""Until when something is to be done, where that is said beside it: in the next words, or when somebody asks for it."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text import speech
from needlework.handlers.text.dates import find_due
from needlework.handlers.text.talk import Place, Talk
from needlework.handlers.text.tidy import tidy, together

SHORT, LONG = 8, 12
"""Words of a sentence that only says when; of a reply that does."""
SOON = 3
"""Turns in which somebody asks until when."""
_WHEN = re.compile(
    r"\b(?:(?:by|until|till|from) when|how soon|how quickly|when (?:do|does|would|will|can|could|should|is|are) "
    r"(?:you|we|they|it|that|this|he|she)\b)",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"(?:yes,? )?(?:please,? )?(?:by|until|before|no later than|not later than)\b", re.IGNORECASE)
_MEANWHILE = re.compile(r"(?:i'm|i am|we're|we are|i was|we were|i have|we have|i had|it was)\b")
"""What tells something else that happens on a day: "I'm meeting the owner on Wednesday"."""
_ANY_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Task(NamedTuple):
    """Something to be done, in the words in which it was said; `owner` is empty where nobody took it on."""

    turn: int
    text: str
    owner: str


Found = tuple[Place, Task]


def names_day(text: str) -> bool:
    """Whether it names a day, or a time from now, by which something may be due."""
    return find_due(text, _ANY_DAY, ZoneInfo("UTC")) is not None


def says_until(reply: str) -> bool:
    """Whether a turn begins with until when somebody wants it: "By the 21st."."""
    said = re.split(r"(?<=[.!?]) ", reply, maxsplit=1)[0]
    return bool(_UNTIL.match(said)) and len(said.split()) <= SHORT and names_day(said)


def timed(talk: Talk, found: Sequence[Found]) -> list[Found]:
    """The tasks, those without a day with the sentence that names it; it stands nowhere else then."""
    made = list(found)
    for number, (place, task) in enumerate(made):
        if names_day(task.text):
            continue
        last = made[number + 1][0][0] if number + 1 < len(made) else len(talk.turns)
        said = next((each for each in _beside(talk, place, task, last) if _only_says_when(talk, each)), None)
        if said is not None:
            talk.used.add(said)
            made[number] = (place, task._replace(text=together(task.text, tidy(talk.text(said)))))
    return made


def _only_says_when(talk: Talk, place: Place) -> bool:
    text = talk.text(place)
    if _MEANWHILE.match(speech.core(text)):
        return False
    return place not in talk.used and not speech.asks(text) and len(text.split()) <= LONG and names_day(text)


def _beside(talk: Talk, place: Place, task: Task, last: int) -> Iterator[Place]:
    """The sentences that may say when: behind the task, in the reply of who does it, after "by when?"."""
    turn, at = place
    for own in range(at + 1, min(at + 3, len(talk.said[turn]))):
        if len(talk.text((turn, own)).split()) <= SHORT:
            yield turn, own
    if _WHEN.search(talk.said[turn][-1]) and talk.after[turn]:
        yield talk.after[turn][0], 0
    for step, later in enumerate(talk.after[turn][:SOON]):
        if later > last:
            return
        said = talk.said[later]
        mine = task.owner == talk.turns[later].speaker
        for number in range(min(2, len(said))):
            short = len(said[number].split()) <= SHORT
            if step == 0 and (mine or (short and _UNTIL.match(said[number]))):
                yield later, number
        if said and later < last and _WHEN.search(said[-1]) and talk.after[later]:
            yield talk.after[later][0], 0
