"""How people agree: what proposes, asks for consent, gives it, concludes, and what takes back what was agreed."""

import re

from needlework.handlers.text.speech import BEGINNING, asks, core
from needlework.handlers.text.tidy import tidy

TAG = re.compile(
    r",? (?:(?:is|are) (?:that|this|we|you) (?:all )?(?:agreed|ok|okay|fine|right|settled)|agreed|right|okay|ok|yes|"
    r"deal|everyone agree\w*|all agree\w*)\?$",
    re.IGNORECASE,
)
"""A question that only asks for consent, at the end of what is to be agreed."""
_ALL = r"(?:that|this|it|everybody|everyone|anybody|all(?: of you)?|we|you|you all)"
_ASKED = re.compile(
    rf"(?:(?:so|and|but),? )?(?:(?:is|are) )?(?:{_ALL}(?:'s|'re| is| are)? )?(?:all )?"
    r"(?:agreed?|ok|okay|fine|happy|good|settled|in favou?r|on board)"
    rf"(?: (?:with|by|for) {_ALL})*\?",
    re.IGNORECASE,
)
_OBJECTIONS = re.compile(
    r"(?:(?:so|and|but),? )?(?:[^\W\d_]+, )?(?:does |is )?(?:any|anyone|anybody|somebody|someone)\b.{0,20}"
    r"\b(?:objections?|objects?|disagrees?|against)\b.{0,20}\?$",
    re.IGNORECASE,
)
_NONE = re.compile(r"(?:no|none|nope|nothing|not (?:from|by|with) me|not me|fine|okay|ok|all good)\b", re.IGNORECASE)
_GOOD = "works?|fine|good|better|sensible|reasonable|perfect|great|ok|okay|makes? sense|sounds good"
_THING = r"(?!could|might|may|how|what|not)[\w.:-]+"
_YES = re.compile(
    r"(?:(?:oh|well|hmm|ah|and|but|i think)[, .]+)*"
    r"(?:👍|✅|💯|:\+1:|:thumbsup:|:white_check_mark:|:100:|"
    r"(?:agreed|i agree|agree|deal|yes|yeah|yep|sure|okay|ok|of course|fine|absolutely|perfect|great|good|lovely|"
    r"brilliant|exactly|definitely|certainly|all right|alright|very well|right|works? for|same here|same for me|"
    r"me too|and for (?:me|us)|me neither|done|noted|go for it|let's do|do (?:it|that)|makes? sense|no objections?|"
    r"sounds? (?:good|right|fine|sensible|reasonable|like a plan)|(?:i|we) (?:can|could) live with|"
    r"(?:i'm|we're|i am|we are) (?:fine|ok|okay|good|happy|in)|(?:i|we) like (?:that|it))\b|"
    rf"(?:that|this|it|both|either|(?:the )?{_THING}(?: {_THING}){{0,2}})(?:'s|'d| would| is| are)? (?:also |be )?"
    rf"(?:{_GOOD})\b)",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but|though|however|not sure|i don't think|i doubt|except|wait|hang on|hold on|i'd rather)\b|\?$",
    re.IGNORECASE,
)
_AGAINST = re.compile(r"(?:but|hmm|though|wait|no|hang on|hold on)\b", re.IGNORECASE)
FEW = 2
"""Words of a first sentence that may be only how people begin: "Okay. But I …"."""
_AGREES = re.compile(
    r"(?:(?:yes|yeah|okay|ok|good|great|sure|right),? )?(?:agreed|i agree|we agree|deal|works for me|"
    r"fine (?:with|by) me|let's do (?:it|that)|same here|i like that|makes sense|good idea|sounds good|will do)\b"
)
_PLANS = (
    "take|keep|ship|start|leave|drop|use|hold|release|move|stick|stay|skip|postpone|give|buy|cancel|remove|close|stop|"
    "launch|sell|hire|book|roll|switch|put|make|go|do|run|test|split|merge|order|invite|pay|offer|freeze|delay|push"
)
"""What a group does by saying so."""
_PROPOSES = re.compile(
    r"(?:(?:let's|let us) (?!see|look|say|assume|hope|discuss|talk|not forget|decide|think|take (?:a|this)|park|all |"
    r"wait|hear|be honest|face)|(?:i'd|i would) (?:propose|suggest|say|take|rather|go|put|do|keep|make|leave|move)\b|"
    r"(?:i|we) (?:suggest|propose|recommend|vote)|my (?:proposal|suggestion|vote)|"
    rf"(?:then )?we(?:'ll| will) (?:{_PLANS})\b|"
    rf"(?:then )?we (?:don't|do not|won't|will not) (?:need|want|renew|{_PLANS})\b|"
    r"(?:then )?we (?:(?:just )?(?:go|went|are going|stick) with|ship|drop|keep|leave|start|stop|move|use|take|"
    r"release)\b|"
    r"how about|why don't we|what if we|(?:shall|should) we (?!start|begin|go on|continue|move on|wait))"
)
_OPENING = r"(?:okay|ok|good|great|right|alright|all right|brilliant|perfect|lovely|fine|wonderful|agreed|very well)"
_CONCLUDES = re.compile(
    r"(?:(?:okay|ok|so|then|good),? )?(?:decided|agreed|decision)\s?:|"
    rf"(?:{_OPENING}[,.!]? )?(?:so|then),? "
    r"(?:we(?:'ll| will| are going to|'re going to)? (?:(?:just )?(?:go|went|stick|are going) with|do|take|use|"
    r"keep|ship|start|leave|drop|hold|move|give|postpone|cancel)|it's settled)\b|"
    rf"(?:{_OPENING}[,.!]? )(?:so|then),? (?:the|it's|it is)\b|then it(?:'s| is) (?:the|a|on)\b|"
    rf"(?:{_OPENING}|so|then)[,.!]? (?:then |so )?no (?!problem|worries|idea|one\b|doubt|objection|question|blame|"
    r"need\b|rush|wait|more\b|other|further|news|comment|surprise)\w+(?: \w+){0,6}\.?$|"
    rf"{_OPENING}[,.!]? (?:so |then )?(?!i\b|you\b|that\b|this\b|it\b|what\b|he\b|she\b|they\b)(?:[\w'-]+ ){{1,4}}"
    r"(?:is|are|stays?|goes|moves?) (?:out|in|off|on|settled|set|fixed|dropped|postponed|cancelled)\b"
)
_SO = re.compile(
    rf"(?:{_OPENING}[,.!]? )?(?:so|then),? (?!i\b|i'|you\b|you'|he\b|she\b|they\b|that'?s?\b|this\b|what\b|far\b|"
    r"(?:we|there|it) (?:need|have|has|must|should|could|can|are (?!left)|is|was|were|had|got|lost)\b|please\b|"
    r"let me|to (?:sum|recap)|the (?:facts|next|question|problem|first)\b|by\b|again\b)\w"
)
_TELLING = re.compile(rf"(?:{_OPENING}[,.!]? )?so\b")
_SHOULD = re.compile(
    r"\b(?:should|must|has to|have to|needs to|ought to)\b(?! (?:i|we|you)\b)(?! (?:be|have) (?:able|been))"
)
_WE_QUESTION = re.compile(
    r"\b(?:do|should|shall|can|will|are|could|would) we\b|\bwhat (?:do|about|happens)\b.{0,30}\bwe\b", re.IGNORECASE
)
_WE_PLAN = re.compile(rf"(?:(?:no|yes|yeah|nope)[,.] )?(?:then )?we(?:'ll| will| don't| do not| won't)? (?:{_PLANS})\b")
_CLOSED = re.compile(r"(?:,|\.)\s*(?:good|fine|okay|ok|great|perfect|agreed|lovely|done)[.!]?$", re.IGNORECASE)
_BACK = re.compile(
    r"\bafter all\b|\bon second thoughts?\b|\bi(?:'ve| have)? changed? my mind\b|\btake (?:that|it) back\b|"
    r"\bso (?:we|i) (?:can't|cannot|won't|shouldn't|mustn't) \w+|\bwe (?:can't|cannot|won't) \w+ (?:that|it|this)\b|"
    r"\binstead\b|\brather than\b|\bno longer\b|\bnot \w+(?: \w+){0,4}, but\b|\bchange of plan\b|"
    r"\b(?:scrap|forget|strike|undo|reverse|revert|cancel) (?:that|it|this)\b|\bnever mind\b|"
    r"\bactually,? (?:no|let's)\b",
    re.IGNORECASE,
)
_BARELY = re.compile(
    r"(?:\w+,? ){0,3}(?:scrap|forget|strike|undo|reverse|revert|cancel) (?:that|it|this|what (?:i|we) said)\b|"
    r"(?:\w+,? ){0,4}take (?:that|it) back\b",
    re.IGNORECASE,
)


def agrees(text: str) -> bool:
    """Whether a turn begins with words that make a proposal a decision."""
    return bool(_AGREES.match(text[:BEGINNING].lower().lstrip()))


def proposes(text: str) -> bool:
    """Whether it says what should be done by all."""
    return bool(_PROPOSES.match(core(text)))


def concludes(text: str) -> bool:
    """Whether it says what comes of the talk: "So we go with two"."""
    return not asks(text) and bool(_CONCLUDES.match(_plainly(text)))


def follows(text: str) -> bool:
    """Whether it may say what comes of the talk, where others agree: "So everything saves by itself"."""
    return not asks(text) and bool(_SO.match(_plainly(text)))


def tells_on(text: str) -> bool:
    """Whether it begins with the "so" with which many people tell their story, to the "yeah" of the others."""
    return bool(_TELLING.match(_plainly(text)))


def should(text: str) -> bool:
    """Whether it says what ought to be, which others may agree to."""
    return not asks(text) and bool(_SHOULD.search(_plainly(text)))


def settles(question: str, text: str) -> bool:
    """Whether it answers "do we …?" with what "we" do, or repeats what was proposed with a "good" behind it."""
    return not asks(text) and bool(_WE_QUESTION.search(question) and asks(question) and _WE_PLAN.match(_plainly(text)))


def closes(text: str) -> bool:
    """Whether it ends with a word that settles it: "Ten percent on Monday, good."."""
    return not asks(text) and bool(_CLOSED.search(text))


def may_conclude(text: str) -> bool:
    """Whether it proposes something, or may say what comes of the talk."""
    return proposes(text) or concludes(text) or follows(text) or should(text)


def asks_consent(text: str, *, firmly: bool = False) -> bool:
    """Whether a whole sentence only asks whether the others agree: "Everybody OK with that?".

    `firmly`: in more than a word, since many say "okay?" where they only draw breath.
    """
    bare = text.strip()
    return bool(_ASKED.fullmatch(bare) or _OBJECTIONS.match(bare)) and not (firmly and " " not in bare)


def consents(reply: str, question: str = "") -> bool:
    """Whether a turn begins with a yes to what was proposed, and takes nothing of it back.

    `question`: what asked for the consent; where it asked for objections, "no" is a yes.
    """
    text = " ".join(reply.replace("’", "'").split())[:BEGINNING]
    if _OBJECTIONS.match(question.strip()):
        return bool(_NONE.match(text))
    said = _beginning(text)
    return bool(_YES.match(said)) and not _BUT.search(said)


def takes_back(text: str) -> bool:
    """Whether it changes what was said before: "Then it stays in after all"."""
    return not asks(text) and bool(_BACK.search(_plainly(text)))


def only_takes_back(text: str) -> bool:
    """Whether it does so without a word about what: "Scrap that"."""
    return bool(_BARELY.match(tidy(text)))


def _plainly(text: str) -> str:
    return " ".join(text.replace("’", "'").lower().split())


def _beginning(text: str) -> str:
    """The first sentence of a turn; where that is a word or two and the next begins with a but, both."""
    first, _, rest = re.sub(r"([.!?]) ", "\\1\n", text, count=2).partition("\n")
    return text if len(first.split()) <= FEW and _AGAINST.match(rest) else first
