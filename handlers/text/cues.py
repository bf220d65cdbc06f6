"""Cue flags: about thirty small patterns that say what a sentence does (asks, orders, promises, reports
a fault).

On e-mail they are worth more than the encoder (F1 .775 of words and cues alone, .676 of the encoder alone).
All patterns are bounded and look at the first `MAX_TEXT` characters, so that no text can make them slow.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MAX_TEXT = 4_000

_VERBS = (
    "send|call|let|check|review|confirm|contact|email|e-mail|forward|update|add|remove|fix|click|visit|read|see|find|give|"
    "get|make|take|have|set|schedule|join|sign|fill|complete|submit|provide|reply|respond|advise|note|open|download|"
    "install|try|look|help|ask|tell|bring|keep|put|use|print|pass|arrange|prepare|register|verify|follow|think|feel|"
    "remember|ensure|include|attach|change|cancel|move|ping|share|upload|talk|enter|go|come|do|be|don't|write|plan"
)
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|tonight|today|mon|tue|wed|thu|fri"

CUES: tuple[tuple[str, str], ...] = (
    ("please", r"\b(?:please|pls|plz|kindly)\b"),
    ("polite_modal", r"\b(?:can|could|would|will|may) (?:you|we|someone|anyone|u)\b"),
    ("let_know", r"\blet (?:me|us) know\b|\bget back to\b|\bkeep me (?:posted|informed|updated)\b"),
    (
        "imperative",
        rf"^\W{{0,6}}(?:(?:please|pls|also|then|and|so|just|now|ok|okay|hi|thanks)\W{{1,3}})?(?:{_VERBS})\b",
    ),
    ("named_imperative", rf"^\W{{0,3}}\w{{2,15}}, (?:please )?(?:{_VERBS})\b"),
    ("if_request", rf"\bif (?:you|possible|that|there)\b[^.?!]{{0,90}}, (?:please|{_VERBS})\b"),
    ("need_you", r"\b(?:need|want|like|ask|asking|expect|require) (?:you|everyone|all of you|your|them)\b"),
    (
        "i_need",
        r"\b(?:i|we) (?:need|want|require|would like|'d like|am looking|are looking)\b|\b(?:i|we)'d like\b",
    ),
    ("should", r"\b(?:should|must|has to|have to|had better|needs? to|ought to|supposed to)\b"),
    (
        "wonder",
        r"\b(?:wondering|i wonder|was hoping|would appreciate|appreciate it if|would be great|do you mind)\b",
    ),
    (
        "suggest",
        r"\b(?:let's|let us|how about|what about|shall we|why don't (?:we|you)|i suggest|i propose|"
        r"i recommend)\b",
    ),
    ("commit", r"\b(?:i|we)(?:'ll| will| shall|'m going to| am going to| are going to)\b"),
    (
        "will_promise",
        r"\b(?:i|we)(?:'ll| will) (?:\w+ )?(?:send|call|get|let|check|follow|forward|fix|do|be|look|"
        r"update|make)\b",
    ),
    ("second_person", r"\b(?:you|your|yours|u|ya)\b"),
    ("first_person", r"\b(?:i|me|my|we|us|our)\b"),
    ("question_mark", r"\?\s*$|\?[\s\"')]"),
    ("question_word", r"^\W{0,4}(?:and |but |so |also )?(?:who|what|when|where|why|how|which|whose)\b"),
    (
        "question_verb",
        r"^\W{0,4}(?:is|are|do|does|did|can|could|would|will|should|has|have|any|may|am|was|were)\b",
    ),
    (
        "how_do_i",
        r"\bhow (?:do|can|to|should|would|could) ?(?:i|we|you|one)?\b|\bis (?:it|there) (?:possible|a way|"
        r"any)\b",
    ),
    (
        "deadline",
        rf"\b(?:by|before|until|no later than|due|on|next|this) (?:the )?(?:{_DAYS}|week|month|eod|cob|"
        rf"end of)\b",
    ),
    (
        "asap",
        r"\b(?:asap|urgent(?:ly)?|immediately|right away|as soon as|deadline|eod|cob|at your earliest)\b",
    ),
    ("day", rf"\b(?:{_DAYS})\b"),
    ("clock", r"\b\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m|p\.m)\b|\b\d{1,2}:\d\d\b"),
    (
        "meet",
        r"\b(?:meet|meeting|call me|give me a call|lunch|coffee|discuss|conference call|get together|"
        r"stop by)\b",
    ),
    ("attached", r"\b(?:attached|attachment|enclosed|see below|the following)\b"),
    ("link", r"\$link|https?://|\bclick\b|\bwww\."),
    (
        "error",
        r"\b(?:errors?|exceptions?|fail(?:s|ed|ing|ure)?|crash(?:es|ed|ing)?|broken|bugs?|panic|segfault|"
        r"freez\w{1,4})\b",
    ),
    (
        "not_working",
        r"\b(?:not|n't|nt|never|stopped|cannot|unable to) (?:\w+ ){0,2}(?:work|load|open|respond|start|"
        r"run|connect|show)",
    ),
    ("trace", r"traceback|stack ?trace|\bat \S+\(.{0,80}:\d+\)|\bfile \"|0x[0-9a-f]{4,}|core dumped|errno"),
    ("version", r"\bv?\d+\.\d+(?:\.\d+)?\b|\bversion\b"),
    ("steps", r"steps to reproduce|repro(?:duc\w{1,7})?\b|current behaviou?r|minimal example"),
    ("expected", r"\bexpected\b|\bactual(?:ly)? (?:result|behaviou?r|outcome)\b|\binstead of\b"),
    (
        "feature",
        r"\bfeatures?\b|\bsupport for\b|\badd (?:support|an? option|the ability)\b|\bproposal\b|"
        r"\benhancement\b",
    ),
    (
        "would_be_nice",
        r"would (?:be (?:nice|great|good|helpful|useful|awesome)|love|help)|it'd be|wish (?:there|you|it|"
        r"we)|ability to",
    ),
    ("code", r"```|`[^`\n]{1,80}`|\b(?:import|def|class|function|const|void|npm|pip) |[{};]\s*$"),
    ("negation", r"\b(?:no|not|never|none|nothing|n't|don't|doesn't|didn't|isn't|can't|won't)\b"),
    ("thanks", r"\b(?:thanks|thank you|thx|appreciated?|grateful|great job|well done)\b"),
    (
        "money",
        r"[$€£]\s?\d|\b(?:price|pricing|cost|costs|budget|discount|expensive|invoice|refund|charge[ds]?)\b",
    ),
    (
        "bulk",
        r"\bunsubscribe|\bnewsletter\b|\bprivacy policy\b|\ball rights reserved\b|\bprefer not\b|"
        r"\bno longer wish\b",
    ),
    ("past", r"\b(?:was|were|did|had|went|said|told|sent|made|asked|talked|met|received|got)\b"),
)
NAMES = tuple(name for name, _ in CUES)
_COMPILED = tuple(re.compile(pattern, re.MULTILINE) for _, pattern in CUES)
LENGTHS = 4
WIDTH = len(CUES) + LENGTHS
"""Columns of `cue_flags`: one a cue, then four of length and shape."""


def cue_flags(texts: Sequence[str]) -> NDArray[np.float32]:
    """[n, WIDTH]: 1 where a cue is found, then log words / 5, has capitals, share of digits, very short."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        rows[row] = _flags(text[:MAX_TEXT].replace("’", "'"))
    return rows


def _flags(text: str) -> list[float]:
    words = text.count(" ") + 1
    digits = sum(map(str.isdigit, text)) / max(1, len(text))
    lower = text.lower()
    flags = [1.0 if pattern.search(lower) else 0.0 for pattern in _COMPILED]
    return [*flags, float(np.log(words)) / 5, float(text != lower), digits, float(words <= 2)]
