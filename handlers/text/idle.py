"""What is said like a request and asks for nothing: courtesies, small talk, what programs and newsletters write."""

import re

_COURTESY = re.compile(
    r"^(?:"
    r"(?:do not|don't|never)\b|"
    r"be (?:advised|aware|informed|careful|honest|patient|there|back|out|in|on|quick|brief|clear|fair|so|able)\b|"
    r"(?:hurry|note|bear|hold|hang|excuse|forgive|pardon|enjoy|stay|feel|hope|wish|welcome|rest|trust|think|wonder|say|guess|"
    r"assume|remain|relax|suppose|imagine|believe|believes|hear|love|miss|like)\b|"
    r"accept (?:my|our) (?:sincere |sincerest )?(?:apolog|thanks|regards|condolences|congratulations)|"
    r"find (?:below|here|(?:[\w'-]+ ){0,5}(?:attached|enclosed))|"
    r"see\b(?! (?:to it|whether|if (?:you|the|we|there|it|this|that)\b))|"
    r"(?:talk|speak|write|chat) (?:to you|with you|soon|later|again)\b(?!.{0,40}\babout\b)|catch (?:you|up) later|"
    r"meet you\b|look forward|thank\b|take care\b(?! of)|(?:have|take) (?:fun|a (?:great|nice|good|lovely|wonderful|"
    r"safe|seat|break))|"
    r"give (?:me|us|it) (?:a|one) (?:sec|second|moment|minute)|wait (?:a|one|for a) (?:sec|second|moment|minute)|"
    r"(?:share|show) (?:you )?(?:my|the) screen|start (?:with|by|off|recording)|get started|begin\b|"
    r"go (?:on|ahead|back|first|around|home)|move on|go\W*$|join us (?:for|on|in|live)|"
    r"take (?:this|the) opportunity|introduce (?:myself|you|my|our|a)\b|get going|help(?: us| me)?\W*$|help you out\b|"
    r"consider the environment|"
    r"do(?: so| that| it)?\W*$|"
    r"(?:get|sit|listen|calm|slow|cheer|keep) (?:up the|well|back in|down|up|calm)"
    r")",
    re.IGNORECASE,
)
_QUESTIONS = re.compile(
    r"\b(?:if|should|with|for|in case)\b.{0,30}\b(?:(?:any|more|further|other|additional) (?:\w+ )?(?:questions?|"
    r"queries|concerns|information|info|assistance|help|problems?|issues?|comments)|questions|anything else|"
    r"need (?:anything|help))",
    re.IGNORECASE,
)
_BULK = re.compile(
    r"\bclick\b|\bunsubscrib|\bin (?:your|a) (?:web )?browser\b|\baddress book\b|^(?:follow|like|find|visit|join) us\b|"
    r"^(?:save|shop|apply|act|buy|book|order|register|sign up|subscribe|hurry|claim|enjoy|discover|explore)\b.{0,30}"
    r"(?:\bnow\b|\btoday\b|\bfree\b|!|\d ?%|[$€£])|"
    r"^(?:visit|go to|check out|see|open)\b.{0,60}(?:\blink\b|https?:|www\.)|^read on\b|\b(?:for|your) free\b|"
    r"^(?:verify|confirm|fill(?: in)?) your (?:information|account|identity|details)\b|"
    r"^(?:read|learn|find out|see) more\b|^learn how|^(?:don't|never) miss\b|\bdownload (?:the|our|it|your) ?(?:free )?"
    r"(?:app|guide|ebook|copy|today|now)\b|\bapp store\b|\bpreferences\b.{0,20}$|\bview (?:this|"
    r"it) (?:e-?mail )?(?:in|online)|"
    r"\b(?:in error|by mistake|intended recipient|printing this|newsletter|mailing list|promo(?:tion)? code|"
    r"limited time)\b|"
    r"\b(?:call|tel|fax|mobile|phone) ?: ?\+?\d|\$link",
    re.IGNORECASE,
)
_LEAVING = re.compile(
    r"^(?:leave|go|run|jump|drop|head|stop here|disagree|agree|join (?:late|from)|understand|share my|tell you|ask you|"
    r"add that|mention|give you an example|explain|show you|warn you|remind you|read (?:it|this) out|clarify|"
    r"take (?:a|my) (?:break|leave|vacation|week|day|few)|let you go|work from|attend|accept|learn|live|"
    r"wait)\b|^(?:try|check)(?: it| that| this| again)?\W*$",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"^(?:do|take|handle|try|check|get|make|see|use|keep|fix|manage|confirm|find|look|help|come|call|work|start|finish|"
    r"change|put|bring|give|read|set|write|move|plan|continue|proceed|complete)"
    r"(?: (?:it|that|this|so|them|one|some|on|to do))?\W*$",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\bif (?:i|we|he|she|they) (?:was|were|had|would|could)\b|\bif you (?:were|had)\b|\b(?:would|could|"
    r"should) have \w+(?:ed|en|ne|nt)\b|"
    r"\bsupposed to\b|^(?:as|had|were) (?:i|we|you) ",
    re.IGNORECASE,
)


def asks_for_nothing(what: str) -> bool:
    """Whether what is left of a request is a courtesy, a farewell, or what a newsletter writes."""
    return any(idleness(what))


def idleness(what: str) -> tuple[bool, bool, bool]:
    """Whether it is a courtesy, an offer to answer questions, what a newsletter writes."""
    courtesy, questions, bulk = (pattern.search(what) is not None for pattern in (_COURTESY, _QUESTIONS, _BULK))
    return courtesy, questions, bulk


def is_supposed(sentence: str) -> bool:
    """Whether a sentence tells what would be, or should have been."""
    return _SUPPOSED.search(sentence) is not None


def promises_nothing(what: str) -> bool:
    """Whether somebody merely tells what they do next, or says no more than "I'll do it"."""
    return _LEAVING.search(what) is not None or _VAGUE.match(what) is not None
