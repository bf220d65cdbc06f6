"""How things are asked for and promised: the words around what is to be done, and whom they leave it to."""

import re
from typing import Literal, NamedTuple

from needlework.handlers.text.idle import asks_for_nothing, promises_nothing
from needlework.handlers.text.verbs import VERBS, base_of

Whose = Literal["me", "you", "we", "any"]
"""Who is to do it: who says it, who is spoken to, both together, anybody."""

_LIGHT = re.compile(
    r"(?:(?:also|just|kindly|please|pls|plz|perhaps|maybe|quickly|then|still|now|possibly|certainly|definitely|"
    r"gladly|first|"
    r"really|already|personally|try to|make sure to|be sure to|go ahead and|be able to|have to|need to)\s+)+",
    re.IGNORECASE,
)
_IF_YOU = r"if\s+you\s+(?:could|can|would|were\s+able\s+to|might)"
_PATTERNS: tuple[tuple[Whose, str], ...] = (
    ("any", r"(?:can|could|would|will)\s+(?:someone|somebody|anyone|anybody|one\s+of\s+(?:you|us))"),
    ("you", r"(?:can|could|would|will|may|might)\s+(?:you|u|y'all)(?:\s+(?:guys|all|both))?(?!\s+(?:believe|hear|"
            r"imagine|use|"
            r"like|mind|want|rather|prefer|recommend|say|guess)\b)"),
    ("you", r"(?:would|do)\s+you\s+mind"),
    ("you", r"(?:are|is|would)\s+(?:you|it)\s+(?:be\s+)?(?:able|possible)\s+(?:for\s+you\s+)?to"),
    ("you", r"(?:is\s+there\s+)?any\s+chance\s+(?:that\s+)?you\s+(?:could|can|would)"),
    ("you", rf"(?:i\s+(?:was|am)|i'm|just|we\s+(?:were|are))?\s*(?:wondering|hoping)\s+(?:{_IF_YOU}|you\s+(?:could|"
            rf"can|would))"),
    ("you", rf"(?:it|that)(?:'d|\s+would|\s+will)\s+be\s+[\w\s]{{3,20}}?\s+{_IF_YOU}"),
    ("you", rf"(?:i|we)?(?:'d|\s+would|\s+do)?\s*(?:really\s+|much\s+|greatly\s+)?(?:appreciate|be\s+(?:grateful|"
            rf"glad|happy)"
            rf"(?:\s+for)?|love)\s+(?:it\s+)?{_IF_YOU}"),
    ("you", r"(?:i|we)(?:'d|\s+would)?\s+(?:really\s+)?(?:like|want|need|ask|expect|urge|"
            r"request)\s+(?:to\s+ask\s+)?you\s+(?:to|that)"),
    ("you", r"you(?:'ll)?\s+(?:need|have|ought)\s+to|you\s+(?:must|should)"),
    ("you", r"please|pls|plz|kindly|remember\s+to|(?:don't|do\s+not)\s+forget\s+to|make\s+sure\s+to|be\s+sure\s+to|"
            r"it\s+is\s+important\s+(?:that\s+you|to)|feel\s+free\s+to"),
    ("we", r"let's|let\s+us(?!\s+(?:know|have)\b)|we\s+(?:still\s+|also\s+|really\s+)?(?:need|have|ought)\s+to|"
           r"we\s+(?:should|must)|"
           r"i\s+(?:suggest|propose|recommend)\s+(?:that\s+)?we(?:\s+should)?|(?:the\s+)?next\s+steps?\s+(?:is|are|"
           r"will\s+be)\s+to"),
    ("me", r"i(?:'ll|'m\s+(?:going\s+to|gonna)|\s+(?:will|shall|am\s+going\s+to|can|must|promise\s+to|have\s+to|"
           r"(?:still\s+|also\s+)?need\s+to|plan\s+to|intend\s+to))|gonna|let\s+me(?!\s+(?:know|have|down)\b)"),
)  # fmt: skip
_FRAMES: tuple[tuple[Whose, re.Pattern[str]], ...] = tuple(
    (whose, re.compile(rf"(?:{pattern})\s+", re.IGNORECASE)) for whose, pattern in _PATTERNS
)
_TOGETHER = re.compile(
    r"(?:can|could|shall|should|may)\s+we\s+(?=(?:please\s+|also\s+|maybe\s+)?(?:meet|discuss|schedule|reschedule|"
    r"move|arrange|"
    r"postpone|set up|plan|review|add|fix|change|update|agree|finali[sz]e|sync|touch base|talk|book|prepare|"
    r"sort out)\b)",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"(?:i|we)(?:'d|\s+would)\s+like\s+to\s+(?=(?:schedule|arrange|book|order|discuss|meet|set up|reschedule|"
    r"request)\b)",
    re.IGNORECASE,
)
_OURS = re.compile(r"we(?:'ll|\s+(?:will|shall)|(?:'re|\s+are)\s+going\s+to)\s+", re.IGNORECASE)
_ELIDED = re.compile(r"(?:Will|will|Shall)\s+(?:also\s+|then\s+)?(?=(?P<verb>[a-z-]+)\s)")
_NEEDED = re.compile(
    r"(?:i|we)\s+(?:really\s+|also\s+|urgently\s+)?need\s+(?=(?:the|your|those|these|that|an?|all|some)\s)",
    re.IGNORECASE,
)
_NOT_DONE = """
    the a an this that these those my our your his her their its it he she they we you i me us him them not no never be
    being been is are was were am there here in on at of to for from with by as so and or but if when what who how why
    where which very really too only all any some each every both than then now today tomorrow yesterday nobody one two
    i'm it's that's mr mrs ms dr sir madam everyone
    """
_NO_VERBS = frozenset(_NOT_DONE.split())
_LOOK = re.compile(r"have (?:a|another) (?:\w+ )?look\b", re.IGNORECASE)
"""An order that begins with no verb of ours."""
_NOUN = re.compile(
    r"[\w-]+(?:\s*:|\s+(?:of|is|was|are|were|has|have|had|will|can|should|must|from|at|details?|team|results?|letters?|"
    r"numbers?|questions|as usual|please$|\d)(?:\W|$))"
)
"""A word that could be a verb, as the noun of a headline or a statement."""


class Asked(NamedTuple):
    """What is to be done, verb first, and whom the words leave it to."""

    what: str
    whose: Whose


def asked(text: str, *, dated: bool, alone: bool) -> Asked | None:
    """What `text` asks for or promises; None where it does neither.

    `dated`: it names a day to come, as a promise of a whole firm must. `alone`: it is a whole sentence, which may be a
    bare order.
    """
    whose, rest = unframed(text)
    if whose is None:
        return _without_frame(text, dated=dated, alone=alone)
    rest = _verb_first(rest)
    first = _first(rest)
    known = first in VERBS or first in ("have", "do", "be")
    if not rest or first in _NO_VERBS - {"be"} or (not known and whose != "you") or asks_for_nothing(rest):
        return None
    return None if whose == "me" and promises_nothing(rest) else Asked(rest, whose)


def acts(text: str) -> bool:
    """Whether `text` begins with a verb that we know and is more than that."""
    return (_first(text) in VERBS or _LOOK.match(text) is not None) and not asks_for_nothing(text)


def _without_frame(text: str, *, dated: bool, alone: bool) -> Asked | None:
    for pattern, whose in ((_TOGETHER, "we"), (_WISHED, "any")):
        if (match := pattern.match(text)) is not None:
            return Asked(_LIGHT.sub("", text[match.end() :], count=1), whose)  # type: ignore[arg-type]
    if dated and (match := _OURS.match(text)) is not None and acts(rest := _lightly(text[match.end() :])):
        return Asked(rest, "we")
    if dated and (match := _NEEDED.match(text)) is not None:
        return Asked(f"Provide {text[match.end() :]}", "you")
    elided = _ELIDED.match(text)
    if elided is not None and elided["verb"] in VERBS and "?" not in text and acts(rest := text[elided.end() :]):
        return None if promises_nothing(rest) else Asked(rest, "me")
    if alone and acts(text) and "?" not in text and not _NOUN.match(text) and " " in text.strip():
        return Asked(text, "you")
    return None


def unframed(text: str) -> tuple[Whose | None, str]:
    """Whom the first of the frames leaves it to, and the text without any."""
    found: Whose | None = None
    for _ in range(4):
        for whose, pattern in _FRAMES:
            if (match := pattern.match(text)) is not None and text[match.end() :].strip():
                found, text = found or whose, _lightly(text[match.end() :])
                break
        else:
            break
    return found, text


def _lightly(text: str) -> str:
    match = _LIGHT.match(text)
    return text[match.end() :] if match is not None and text[match.end() :] else text


def _verb_first(text: str) -> str:
    """ "share the slides" for "sharing the slides"."""
    base = base_of(_first(text))
    return text if base is None or _first(text) in VERBS else base + text[len(_first(text)) :]


def _first(text: str) -> str:
    found = re.match(r"[A-Za-z][\w'-]*", text)
    return found[0].lower() if found else ""
