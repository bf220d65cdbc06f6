"""How sure a small model must be: surer where a sentence has none of the words that such a thing is said with.

The models of the labels without data lean on the shape of a sentence ("We'll ... by Tuesday") and now and
then take that alone for proof. A sentence without any evidence of the kind, or one of everyday life, loses
`MARGIN` of its logit: 0.6 is then reached from 0.92 on.
"""

import math
import re

import numpy as np
from needlework.handlers.text.hashing import Double

MARGIN = 2.0
MIN_WORDS = 3
"""A sentence of fewer words without a question mark is a fragment: models have nothing to hold on to."""

_EVIDENCE = {
    "decision": re.compile(
        r"\b(?:decid\w+|decision|agreed?|approv\w+|chose|chosen|picked|settled|resolved|voted?|final|finally|"
        r"g(?:o|oing|ne) with|went with|go ahead|green ?light|ruled out|said yes|signed off|accept(?:ed)?|adopt(?:ed)?|"
        r"confirm(?:ed)?|winner|opted|conclu\w+|carried|rejected|turned down|dropped|selected|committed|no longer|"
        r"any longer|from now on|it is settled|done deal|stick(?:ing)? (?:with|to)|offer)\b"
    ),
    "follow_up_promised": re.compile(
        r"(?:'ll|\b(?:will|shall|gonna|going to|let me|promise|count on|expect|rest assured|"
        r"can (?:give|send|tell|call)|i'm (?:checking|looking|sending|calling|writing)|on it|soon as|by the time))\b"
    ),
    "competitor_mention": re.compile(
        r"\b(?:another|others?|else|elsewhere|alternatives?|rivals?|rival's|compet(?:e|es|ing|itors?|itive|ition)|"
        r"compar\w+|previous|former|old (?:tool|system|vendor|provider|supplier)|we had before|incumbent|market leader|"
        r"start-?up|vendors?|suppliers?|providers?|switch\w*|migrat\w+|instead|offers?|offered|same|versus|vs|than|"
        r"replace\w*|next door|undercut|stack up|evaluat\w+|demo|pitch\w*|company|companies|products?)\b"
    ),
    "pricing_objection": re.compile(
        r"\b(?:pric\w*|cost\w*|expens\w*|pay\w*|paid|charg\w*|fees?|budget\w*|afford\w*|discount\w*|rebate|bill\w*|"
        r"invoice\w*|quot\w*|money|cheap\w*|rates?|spend\w*|value|worth|financ\w+|procurement|purchasing|deal|amount|"
        r"sum|total|figure|number|increase\w*|raise|percent|per cent|tariff|overpriced|purse|wallet|pocket|dollars?|"
        r"euros?|pounds?|offer|free|less|lower|down|double\w*|half|reduc\w*|hundred|thousand|non-?profit|charity)\b|"
        r"[%$€£]"
    ),
    "escalation": re.compile(
        r"\b(?:manag\w+|supervisors?|boss\w*|directors?|superiors?|seniors?|higher|chief|heads?|president|board|"
        r"c[etfio]o|executives?|leadership|owner|some(?:one|body)|any(?:one|body)|complain\w*|complaints?|acceptable|"
        r"unacceptable|escalat\w+|legal\w*|lawyers?|attorneys?|court|sue|press|public|authorit\w+|regulator\w*|"
        r"patience|enough|fed up|furious|angry|frustrat\w+|disgrace\w*|ridiculous|outrage\w*|joke|third|fourth|fifth|"
        r"times|again|still|weeks?|days|hours?|wait\w*|nobody|no ?one|answer\w*|respon\w+|repl(?:y|ies)|react\w*|"
        r"promis\w*|ignored|name of|urgent\w*|critical|emergency|disappointed|dissatisfied|unhappy|worst|terrible|"
        r"awful|line|demands?|expect\w*|liable|damages|record|raise|severity|priority|compensation|apology|rude|"
        r"circles|review|shareholders|explanation|penalt\w+)\b"
    ),
}
_EVERYDAY = re.compile(
    r"\b(?:breakfast|lunch|dinner|coffee|tea|cake|picnic|kitchen|restaurant|hotel|holidays?|vacation|weekend|weather|"
    r"rain|snow|bus|train|trains|flight|airport|taxi|traffic|street|road|house|garden|sofa|umbrella|keys|dog|cat|baby|"
    r"child|children|kids|son|daughter|mother|father|wife|husband|sister|brother|uncle|aunt|grandma|doctor|doctor's|"
    r"dentist|hospital|school|interns?|trainees?|football|tennis|match|concert|film|movie|party|smoking|passport|gym|"
    r"shop|birthday|wedding|window|door)\b"
)
_OURS = re.compile(
    r"\b(?:you|your|yours|yourselves|product|subscription|account|contract|agreement|app|tool|software|service|"
    r"platform|licen[cs]es?|plan|vendor|provider|supplier|refund|complaint|invoice)\b"
)
_OF_CUSTOMERS = frozenset({"churn_risk", "escalation", "praise", "pricing_objection", "expansion_signal"})
"""Labels that a sentence of everyday life, without a word of the business, is not likely to carry."""
_LESS_SURE = 1 / (1 + math.exp(MARGIN))
_WORD = re.compile(r"\w*[^\W\d_]\w*")


def with_margin(key: str, plain: list[str], scores: Double) -> Double:
    """`scores` [n] of the `plain` sentences, lower where nothing but the model speaks for the label."""
    evidence, found = _EVIDENCE.get(key), scores.copy()
    for at in np.flatnonzero(scores >= 0.5):
        text = plain[at]
        elsewhere = key in _OF_CUSTOMERS and _EVERYDAY.search(text) and not _OURS.search(text)
        if elsewhere or (evidence is not None and not evidence.search(text)):
            found[at] = _lowered(float(scores[at]))
    return found


def is_fragment(plain: str) -> bool:
    """Fewer than three words, and no question mark: a title, a name, a version."""
    return "?" not in plain and sum(1 for _ in zip(_WORD.finditer(plain), range(MIN_WORDS), strict=False)) < MIN_WORDS


def _lowered(score: float) -> float:
    odds = score * _LESS_SURE
    return odds / (odds + (1 - score) * (1 - _LESS_SURE))
