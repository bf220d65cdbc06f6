"""What a spoken sentence gives somebody to do: it asks for a deed, gives it to somebody, takes it on."""

import re
from collections.abc import Collection

from needlework.handlers.text.idle import promises_nothing
from needlework.handlers.text.speech import asks, core, is_procedure
from needlework.handlers.text.tidy import tidy
from needlework.handlers.text.verbs import VERBS

_NAME = r"(?:[^\W\d_]+(?: [^\W\d_]+)?, )?"
_TELLING = (
    "hear|see|tell (?:me|us) (?:a bit |a little |more |something )?(?:about|more|what|how|why|when|where|who)|"
    "explain|"
    "know|say|believe|imagine|remember|describe|remind|repeat|(?:take|walk|talk|guide) (?:me|us)|start|begin|"
    "go first|be|"
    "elaborate|give an example"
)
_REQUEST = re.compile(
    rf"{_NAME}(?:(?:maybe|perhaps|then|please),? )?(?:can|could|would|will|may) "
    rf"(?:you|we|someone|somebody|anyone|anybody|everybody|(?P<name>[^\W\d_]+))(?: (?:two|all|both|guys|maybe|"
    rf"please|also|then|just))* "
    rf"(?!(?:{_TELLING})\b)[a-z]+|.{{0,90}}[,;] (?:and )?{_NAME}(?:can|could|would|"
    rf"will) you (?!(?:{_TELLING})\b)[a-z]+|"
    rf".{{0,90}}\bplease\b|.{{0,60}}\b(?:do|would) you mind\b|"
    r".{0,60}\b(?:i need|i want|we need|i'd like|i would like) you to\b|it would be (?:great|good|nice|"
    r"helpful) if (?:you|we)\b"
)
_LIGHTLY = r"(?:(?:also|then|just|quickly|gladly|happily|try to|have to|definitely|certainly) )*"
_OURS = r"(?:my|our) (?:\w+ ){0,2}(?:people|team|colleagues|department|engineers|lawyers?|assistant|office|side)"
_COMMITS = re.compile(
    rf"(?:(?:i'll|i will|i'm going to|i am going to|i'm gonna|(?:i'm|i am) (?:happy|glad) to)|{_OURS} will) {_LIGHTLY}"
    r"(?P<what>(?P<verb>[a-z-]+)(?: .+)?)"
)
_DOES = re.compile(
    rf"(?:(?:when|once|after|as soon as|if) (?:you|it|that|this|we|they)\b.{{1,40}}, )?i {_LIGHTLY}(?P<verb>[a-z-]+) "
    r"\w|"
    rf"{_OURS} (?P<other>[a-z-]+?)s \w"
)
_MINE = re.compile(rf"\bi(?:'ll| will| can) {_LIGHTLY}(?P<verb>[a-z-]+)\b")
_OFFERS = re.compile(rf"(?:i can|i could|i'd|i would)(?: like to)? {_LIGHTLY}(?P<verb>[a-z-]+) \w")
_IDLE = "see say hear think live understand remember start begin wait believe leave learn accept let"
_NEXT = re.compile(
    r"(?:go first|stop (?:there|here)|collect\b.{0,10}$|give it an?\b|ask (?:my|the) (?:next )?question)"
)
_NO_DEEDS = frozenset(_IDLE.split())
"""Verbs of our list that promise nothing by themselves: "I can see that"."""
_MORE_DEEDS = frozenset(("do", "have", "let", "look", "come", "e-mail"))
_ASSIGNS = re.compile(
    r"(?P<name>[^\W\d_]+)(?: [^\W\d_]+)?, (?:please|you (?!are|were|had|have|said|know|mentioned|can|could|do|"
    r"did|don't|must be|see|might|may|wanted)) ?[a-z]+"
)
_WILL = re.compile(r"(?P<name>[^\W\d_]+)(?: [^\W\d_]+)? (?:will|is going to) (?P<verb>[a-z-]+) \w")
_LACKING = re.compile(
    r"(?:and |but |so |then )?(?:(?:somebody|someone|one of us|we) (?:still |also )?"
    r"(?:has|have|needs?|should|must|ought)\b|"
    r"(?:\w+ ){1,6}(?:has|have|needs?) to be \w+|[^\W\d_]+ would have to \w+)"
)
_TAKEN = re.compile(
    r"(?:i'll|i will|i shall|i can|i could|let me|will|consider it|happy to|on it|i'm on it|we'll|we will|we can)"
    r"(?: (?:also|try|gladly|happily|certainly|definitely|to))*"
    r"(?: (?:do|done|take|handle|manage|look|find out|check|ask|see|make|bring|send|write|fix|call|tell|add|"
    r"try|go|give|set|put|be|take care))?"
    r"(?: (?:it|that|this|them|him|her|those|these|one|so|care of (?:it|that)|into (?:it|that)|to (?:it|that)|"
    r"for (?:it|that)))*"
    r"(?: (?:up|too|as well|right away|right after(?: this)?|today|tomorrow|for you|then|now|myself|again))*"
    r"(?:, (?:today|tonight|tomorrow|right away|this (?:morning|afternoon|evening|week)|(?:on|by) \w+day))?[.! ]*|"
    r"(?:you can )?leave (?:it|that|this|them) (?:with|to) me(?: (?:as well|too|then))?[.! ]*|"
    r"(?:i've got|i have|i got) (?:it|that|this|that one)[.! ]*|(?:that's|that is|it's|this is) (?:on me|mine)[.! ]*|"
    r"i'll own (?:it|that|this)[.! ]*"
)


def is_request(text: str, names: Collection[str] = ()) -> bool:
    """Whether it asks somebody to do something, rather than to tell something; `names`: first names, small letters."""
    found = _REQUEST.match(core(text))
    name = found and found["name"]
    return bool(found) and (not name or name in names) and not is_procedure(text)


def is_taken(text: str) -> bool:
    """Whether it takes on what was just spoken of, and does not say what: "I'll do that"."""
    return bool(_TAKEN.fullmatch(core(text)) or _TAKEN.fullmatch(tidy(text).lower()))


def commits(text: str) -> bool:
    """Whether the speaker says in so many words what he will do."""
    found = _COMMITS.match(core(text))
    if found is None or promises_nothing(found["what"]):
        return False
    return found["verb"] in _MORE_DEEDS or (found["verb"] in VERBS and found["verb"] not in _NO_DEEDS - {"leave"})


def is_idle(text: str) -> bool:
    """Whether the speaker only tells what he does next in the talk: "I'll wait", "I'll stop there"."""
    found = _COMMITS.match(core(text))
    return found is not None and (
        found["verb"] in _NO_DEEDS - {"let"} or promises_nothing(found["what"]) or bool(_NEXT.match(found["what"]))
    )


def does(text: str) -> bool:
    """Whether the speaker says what he does, in the present tense: "I write the first draft"."""
    found = _DOES.match(core(text))
    return _deed(found) or bool(found and found["other"] in VERBS and found["other"] not in _NO_DEEDS)


def conditional(text: str) -> bool:
    """Whether the speaker does so once something else is there: "When you have it, I renew the certificate"."""
    return does(text) and not core(text).startswith("i ")


def mine(text: str) -> bool:
    """Whether the speaker says somewhere in it what he will or can do: "Text only I can finish by Tuesday"."""
    return any(found["verb"] in VERBS for found in _MINE.finditer(core(text)))


def offers(text: str) -> bool:
    """Whether the speaker says what he could do: "I can add one", "I'd hand it over"."""
    return _deed(_OFFERS.match(core(text)))


def is_lacking(text: str) -> bool:
    """Whether it says that something is to be done, not by whom: "Somebody has to look at the test"."""
    return bool(_LACKING.match(" ".join(text.replace("’", "'").lower().split())))


def _deed(found: re.Match[str] | None) -> bool:
    return found is not None and (found["verb"] == "do" or (found["verb"] in VERBS and found["verb"] not in _NO_DEEDS))


def assigns(text: str, names: Collection[str]) -> bool:
    """Whether it gives something to do to one of `names`: "Ada, you write it down", "Ada will write it down"."""
    if asks(text):
        return False
    said = core(text)
    found, will = _ASSIGNS.match(said), _WILL.match(said)
    return bool((found and found["name"] in names) or (will and will["name"] in names and will["verb"] in VERBS))
