"""What only leads to what is said, at the front of a clause: greetings, hedges, who says it, how it is wished for."""

import re

_GREETINGS = (
    r"(?:hi|hello|hey|yo|dear|greetings|good (?:morning|afternoon|evening|day))\b"
    r"(?: (?:there|all|team|guys|everyone|everybody|support|(?:mr|ms|mrs)\.? \S+))*",
)
_FILLERS = (
    r"(?:and|but|or|so|also|then|ok|okay|yes|yeah|oh|um+|uh+|well|fyi|please|pls|kindly|sorry|just|actually|honestly)\b",
    r"(?:unfortunately|basically|maybe|perhaps|again|still|really|seriously|super|currently|sadly|thanks?|thank you)\b",
    r"(?:urgent|anyway|same here|to be honest|as always|hereby|now|today|yesterday|apparently|obviously|\+1|other)\b",
    r"(?:bug|issue|feature(?: request)?|wish|decision|decided|question|problem|request|task|todo)\b(?=\s*$)",
    r"(?:feature|enhancement) request\b",
    r"(?:(?:since|on|from|of|last|this) )*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|week|month|night|morning)\b"
    r"(?= \w+ \w+)",
)
_SAID = (
    r"(?:i|we)(?: (?:can|just|also|have|only|all|both|recently|currently|still))*"
    r" (?:think|believe|guess|noticed?|see|saw|found|find|know|heard|hope|confirm|realised|realized|agreed?|feel|say|"
    r"wanted to (?:say|let you know|report|ask))\b(?: out)?(?: that)?(?: this)?",
    r"i (?:was wondering|wonder) (?:whether|if)|(?:it|this) (?:seems|looks|appears)(?: like| that| as if)?",
    r"(?:please )?note that|is it just me or|let me know(?: if| whether)?|as (?:discussed|mentioned|agreed)\b",
)
_WISHED = (
    r"(?:it )?(?:would|'d) be (?:\w+ )?(?:great|nice|good|helpful|awesome|cool|useful|amazing|lovely|perfect)\b"
    r"(?: (?:if|to|for))?(?: (?:there (?:was|were|is)|have|get|see))?",
    r"(?:it |that )?(?:would|'d) (?:really |also )?help\b(?: us)?(?: a lot)?(?: (?:if|to))?(?: (?:there was|have))?",
    r"(?:i|we)(?:'d| would)?(?: really| all| also)? (?:love|like|appreciate)\b(?: it)?(?: if| to)?"
    r"(?: (?:have|get|see|add))?\b",
    r"(?:i|we)(?:'ll| will)?(?: really| also| urgently)? needs?\b(?: to have| to be able to| an?)?(?: way to)?\b",
    r"(?:could|can|would|will) (?:you|we|i)(?: guys)?(?: please| kindly| also)*"
    r"(?: (?:add|get|have|support|provide|offer|implement|send us|give us|consider|look into|fix|tell us|check))?\b",
    r"(?:do|did|are|will) you(?: guys)?(?: (?:plan to|planning to|going to))?(?: (?:support|offer|have|add))?\b",
    r"you(?: (?:plan|intend) to)? support\b|(?:add|implement|provide|offer)\b(?= \w+)",
    r"is there (?:any|a) way(?: to(?: get| have)?)?|is there\b|there (?:is|are|was|were)\b",
    r"(?:wants?|wanted|decided|agreed) to\b(?= \w+ \w+)",
    r"any (?:plans?|news|chance|update|progress) (?:for|of|on|to)\b",
)
_SUBJECTS = (
    r"(?:i|we)(?:'m| am|'re| are| was| were|'ve| have| had|'ll| will)?"
    r"(?: (?:just|also|still|again|getting|seriously|really|even|stuck in|having|seeing|keep|get|see|have|experience|"
    r"have to|be|going to|been|currently|all|both|hereby|now))*\b",
    r"(?:it|this|that|he|she|they|you)(?:'s| is| are| was| were|'re| has| have)?\b",
    r"(?:a couple|some|several|all|most|lots|a lot|a few|one|many) of\b",
    r"(?:the|a|an|our|my|your|their|his|her|its|this|these|those|some|any|every|one's|same|is|are|does|was|were|has)\b",
)
_FRONT = re.compile(rf"^(?:{'|'.join((*_GREETINGS, *_FILLERS, *_SAID, *_WISHED, *_SUBJECTS))})[\s,:-]*", re.IGNORECASE)
_MOST = 8
"""Frames within one another."""


def bare(text: str) -> str:
    """A clause without its frames."""
    for _ in range(_MOST):
        shorter = _FRONT.sub("", text, count=1)
        if shorter == text:
            break
        text = shorter
    return text
