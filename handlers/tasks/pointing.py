"""Titles that point at what was said before ("Have a look at it"), and what they mean where only one thing is meant."""

import re
from collections.abc import Collection, Iterator, Sequence

from needlework.handlers.tasks.days import DAYS
from needlework.handlers.tasks.titles import MAX_TITLE
from needlework.handlers.text.tidy import FUNCTION_WORDS
from needlework.handlers.text.verbs import NO_NAMES, VERBS
from needlework.handlers.words import shorten

LONGEST = 4
"""Words of what is meant, behind "the"."""
_BARE = re.compile(
    r"(?:[\w'-]+(?: (?:up|down|out|in|on|off|over|through|back|to|with|at|for|into|about|after))*"
    r"(?: (?:it|that|this|them|him|her|both|one|some|me|you|us|so))*(?: (?:up|down|out|in|on|off|over|back|again|"
    r"too))*)|"
    r"(?:get|come) back to (?:you|me|us|them)(?: (?:when|once|if|before|as soon as) .*)?|let (?:me|you|us|them) know|"
    r"keep (?:you|me|us) (?:posted|updated|informed)|"
    r"(?:tell|inform|remind|ask) [\w'-]+|"
    r"(?:give|send|show|tell|suggest|add|take|put|write|call|ask) (?:[\w'-]+ ){0,2}(?:it|that|this|them|him|her|"
    r"a time|the text|again)"
    r"(?: [\w'-]+){0,3}",
    re.IGNORECASE,
)
"""What names nothing itself."""
_MET = re.compile(
    r"(?:call|phone|ring|meet|e-?mail|write to|text|contact|visit|invite|pay|join) (?:me|us|you)", re.IGNORECASE
)
"""Says enough: whom, and that is all there is to it."""
_END = (
    r"(?=$|[.,;:!?]|\s(?:to|for|with|on|in|by|at|from|until|before|after|again|and|or|over|up|down|out|back|off|as|into|"
    r"about|today|tomorrow|tonight|this|next|so|too|also|is|was|has|will|when|if|that|once|within|during|through|the|"
    r"a|an|two|three|my|our|your|their|myself|yourself|here|there|now|asap)\b)"
)
_PRONOUN = re.compile(rf"\b(?P<said>it|that|this|them|these|those|him|her|he|she|they|both){_END}", re.IGNORECASE)
_OBJECT = re.compile(
    r"(?:(?:have|take) (?:a )?(?:\w+ )?(?:look|go) (?:at|into|through)|take care of|"
    r"[\w'-]+(?: (?:up|down|out|over|back|"
    r"through|into|at|on|to|with|for|about|after|of|off))?) "
    rf"(?:it|that(?! the\b)|this|them|these|those|him|her|both){_END}",
    re.IGNORECASE,
)
_PEOPLE = frozenset({"him", "her", "he", "she"})
_MANY = frozenset({"them", "these", "those", "they", "both"})
_FIRST = re.compile(
    r"(?:the|an?|your|our|my|his|her|their|this|these|those|another|two|three|four|five|both)$", re.IGNORECASE
)
_KEPT = frozenset({"two", "three", "four", "five", "both"})
_BEHIND = "in on at since after before during with from for by until than as is are was were be of not has have had"
_ASIDE = frozenset(_BEHIND.split())
"""What stands behind these is rarely meant."""
_PLAIN = """
    time times day days week weeks month months year morning afternoon evening night moment minute minutes end way rest
    first second third last next one other others thing things lot bit people person customer customers client clients
    team manager boss auditor colleague colleagues board director engineer engineers everybody anybody
    """
_NOT_THINGS = frozenset(_PLAIN.split())
_STATES = frozenset(("again", "back", "live", "out", "ready", "there", "here", "done", "over", "through", "fixed"))
_ACTING = """
    fails crashes breaks hangs shows says say needs need wants want looks seems takes costs contains ends begins goes
    comes went came has had have does did do mean means can will should broke stopped works hits gets gives makes keeps
    again today yesterday now still not never already
    """
_DOES = frozenset(_ACTING.split())
_NAMED_SO = """
    notes reports updates files tests invoices orders requests plans reviews drafts answers calls books checks designs
    exports imports issues links lists logs mails maps offers quotes records releases results schedules scans tags
    uploads downloads dates contacts copies credits forms slides prints backups
    """
_NOUNS = frozenset(_NAMED_SO.split())
"""What could be a verb and is a thing as a rule."""
_WORD = re.compile(r"[^\W_](?:[\w'’.-]*[^\W_])?|[^\w\s]")
_NAME = re.compile(r"[A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-ZÀ-Þ][a-zà-ÿ]+)?$")
_REPLIED = re.compile(r"^(?:(?:re|fwd?|aw|wg)\s*:\s*)+", re.IGNORECASE)


def points(title: str) -> bool:
    """Whether a title needs what was said before it to be understood."""
    if _MET.fullmatch(title):
        return False
    if _BARE.fullmatch(title) or _OBJECT.match(title) or len(DAYS.sub("", title).split()) == 1:
        return True
    said = [word for word in re.findall(r"[\w'-]+", title.lower())[1:] if word not in FUNCTION_WORDS | _STATES]
    return not said and _PRONOUN.search(title) is not None


def meaning(title: str, before: Sequence[str], names: Collection[str] = ()) -> str | None:
    """The title with the words that its pronoun means, from the sentences `before` (the nearest first).

    None where it has no pronoun, or where none or several may be meant. `names` are people whom it is not about.
    """
    found = _PRONOUN.search(title)
    if found is None:
        return None
    said = found["said"].lower()
    for sentence in before:
        meant = set(_named(sentence, names) if said in _PEOPLE else _things(sentence, many=said in _MANY))
        if len(meant) == 1:
            return shorten(f"{title[: found.start()]}{meant.pop()}{title[found.end() :]}", MAX_TITLE)
        if meant:
            return None
    return None


def of_person(title: str) -> bool:
    """Whether it is somebody whom its pronoun means."""
    found = _PRONOUN.search(title)
    return found is not None and found["said"].lower() in _PEOPLE


def answers(title: str) -> bool:
    """Whether it promises no more than an answer: "Come back to you"."""
    return _PRONOUN.search(title) is None and points(title)


def with_subject(title: str, subject: str) -> str:
    """A title that says too little by itself ("Call her"), with what was being spoken about."""
    subject = _REPLIED.sub("", " ".join(subject.split()))
    if not subject or not points(title):
        return title
    return shorten(f"{title} ({shorten(subject, max(20, MAX_TITLE - len(title) - 3))})", MAX_TITLE)


def _things(sentence: str, *, many: bool) -> Iterator[str]:
    """What a sentence speaks of: "the draft of the contract", "two rows"; one thing or `many`."""
    words = _WORD.findall(sentence)
    at = 0
    while at < len(words):
        noun = _noun(words, at + 1) if _FIRST.match(words[at]) else []
        if noun and (at == 0 or words[at - 1].lower() not in _ASIDE):
            head = noun[noun.index("of") - 1 if "of" in noun else -1].lower()
            plural = words[at].lower() in _MANY | _KEPT or (
                head.endswith("s") and not head.endswith(("ss", "us", "is"))
            )
            if head not in _NOT_THINGS and plural == many:
                yield " ".join([words[at].lower() if words[at].lower() in _KEPT else "the", *noun])
        at += len(noun) + 1


def _noun(words: Sequence[str], at: int) -> list[str]:
    """The words of a noun from a place on, with what it is "of"."""
    found: list[str] = []
    for place in range(at, len(words)):
        word = words[place].lower()
        if word == "of" and found and "of" not in found:
            following = place + 2 if place + 1 < len(words) and _FIRST.match(words[place + 1]) else place + 1
            rest = _noun(words, following)
            return [*found, *words[place:following], *rest] if rest and not rest[0].isdigit() else found
        if not words[place][0].isalnum() or word in FUNCTION_WORDS or len(found) == LONGEST or (found and _acts(word)):
            break
        found.append(words[place])
    return found


def _acts(word: str) -> bool:
    """Whether a word behind a noun is what that does: "the export fails"."""
    if word in _DOES or word.endswith(("ed", "ing", "ly")):
        return True
    return word not in _NOUNS and any(word.endswith(end) and word[: -len(end)] in VERBS for end in ("s", "es"))


def _named(sentence: str, names: Collection[str]) -> Iterator[str]:
    """People of whom a sentence speaks; not those who speak here."""
    known = {part for name in names for part in re.findall(r"\w+", name.lower())}
    words = _WORD.findall(sentence)
    for at, word in enumerate(words):
        first = at == 0 or words[at - 1] in ".!?:"
        common = first and word.lower() in VERBS | FUNCTION_WORDS
        if _NAME.match(word) and word not in NO_NAMES and word.lower() not in known and not common:
            yield word
