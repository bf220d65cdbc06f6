"""What a spoken sentence does, by its words: steers the talk, asks for something, takes it on, agrees, puts off."""

import re
from collections.abc import Collection

from needlework.handlers.text.tidy import FUNCTION_WORDS, tidy

BEGINNING = 200
"""Characters of a turn in which it says yes or no."""
_LEAD = re.compile(
    r"(?:(?:and|but|so|okay|ok|well|right|then|yes|yeah|yep|no|nope|now|great|good|oh|ah|um|uh|alright|"
    r"all right|sure|"
    r"fine|perfect|brilliant|lovely|also|first|actually|honestly|hmm|mhm|exactly|of course)\b[\s,.!:–—-]*)+"
)

_NAME = r"(?:[^\W\d_]+(?: [^\W\d_]+)?, )?"
_PROCEDURE = re.compile(
    rf"{_NAME}"
    r"(?:(?:hi|hello|hey|welcome|bye|goodbye|good (?:morning|afternoon|evening|day|night)|morning)\b(?!,? (?:i|we) )|"
    r"see you|talk (?:to you )?soon|(?:nice|good|great|lovely) (?:to (?:see|meet|have)|meeting) |"
    r"(?:thanks|thank you|cheers)(?! to\b)|congratulations|.{0,40}\bwell done\b|"
    r"have a (?:nice|good|great|lovely|safe)|(?:how are|how's|how is) (?:you|things|it going|every)|how about you\b|"
    r"(?:i )?can't complain|(?:can|do) (?:you|everyone|everybody|anyone|people) (?:all )?(?:hear|see) |"
    r"(?:you're|you are|am i|are you|i was|i'm) (?:on mute|muted|audible|still here)|"
    r"(?:is|are) (?:everybody|everyone|anybody|we|you)(?: all)? (?:here|there|ready|recording|back)|"
    r"(?:shall we|should we|let's|let us|let me|i(?:'ll| will)|can we|i suggest (?:that )?we|i thought we|we can)"
    r" (?:(?:just|all|now|also|first) )?(?:get (?:started|going)|start|begin|kick off|move on|wrap up|continue|go on|"
    r"talk about|go through|share (?:my|the) screen|recap)\b|"
    r"(?:let|i'd like to|may i|can i) (?:me |us )?(?:first )?(?:begin|start|say first|share|introduce)\b|"
    r"who(?:'s| is| wants to| would like to)? (?:next|first|start|starts|begin|begins|goes first|go first)|"
    r"(?:do you |does anyone |will you |would you |could you |can you )?(?:want to |like to |please )?"
    r"(?:go first|start|begin)\W*$|"
    r"(?:is there )?any(?:thing|body|one)? ?(?:else|more)\b.{0,40}$|(?:any|do you have any|"
    r"are there any) (?:other |more )?"
    r"(?:questions|comments|remarks|thoughts)\b|(?:does|did) that (?:make sense|sound)|(?:is|was) that (?:okay|"
    r"ok|clear|all)|"
    r"(?:i think )?(?:that's|that is|that was) (?:all|it|everything|that|fantastic|great|good|fine|nice|wonderful|"
    r"(?:really )?helpful|fair|kind|perfect)\b.{0,30}$|"
    r"(?:the )?(?:next|last|first|second|third) (?:item|point|topic|thing|one)\b.{0,40}$|moving on\b|"
    r"sounds (?:good|great|fine)|my turn|what did i miss|(?:what's|what is) next|over to you|go ahead|you first|"
    r"sorry,? (?:sorry,? )?(?:i'm|i am|for being) late|is it (?:okay|ok) if i record|(?:you|you're) welcome|"
    r"(?:i'm|i am) sorry\b.{0,20}$|one more (?:thing|question)\W*$|give me (?:a|one) (?:second|moment|minute)|"
    r"(?:just )?(?:a|one) (?:second|moment|minute)\W*$|(?:really|right|correct|true|wow|ouch|cool|no problem)\W*$)"
)
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
_COMMITS = re.compile(
    r"(?:i'll|i will|i'm going to|i am going to) (?:also |then |just |quickly |try to |have to )*(?:come to|send|write|"
    r"ask|tell|call|check|prepare|bring|make|set|get|find|"
    r"add|fix|talk|put|open|update|review|schedule|book|share|draft|follow|forward|e?-?mail|order|buy|"
    r"organi[sz]e|create|finish|test|run|plan|"
    r"contact|invite|pay|clean|build|move|change|remove|document|report|speak|arrange|confirm|reply|ping|push|"
    r"deploy|release|collect|"
    r"compare|measure|count|publish|translate|print|file|submit|register|cancel|renew|replace|remind|"
    r"let (?:you|them|him|her|everybody|everyone) know)\b"
)
_ASSIGNS = re.compile(
    r"(?P<name>[^\W\d_]+)(?: [^\W\d_]+)?, (?:please|you (?!are|were|had|have|said|know|mentioned|can|could|do|"
    r"did|don't|must be|see|might|may|wanted)) ?[a-z]+"
)
_TAKEN = re.compile(
    r"(?:i'll|i will|i shall|i can|i could|let me|will|consider it|happy to|on it|i'm on it|we'll|we will|we can)"
    r"(?: (?:also|try|gladly|happily|certainly|definitely|to))*"
    r"(?: (?:do|done|take|handle|manage|look|find out|check|ask|see|make|bring|send|write|fix|call|tell|add|"
    r"try|go|give|set|put|be|take care))?"
    r"(?: (?:it|that|this|them|him|her|those|these|one|so|care of (?:it|that)|into (?:it|that)|to (?:it|that)|"
    r"for (?:it|that)))*"
    r"(?: (?:up|too|as well|right away|right after(?: this)?|today|tomorrow|for you|then|now|myself|again))*[.! ]*"
)
_ACCEPTS = re.compile(
    r"(?:agreed|i agree|agree|deal|yes|yeah|yep|sure|okay|ok|of course|will do|i will|i'll|i can do|fine|"
    r"absolutely|no problem|"
    r"done|got it|works for me|perfect|great|good|same here|exactly|right|definitely|sounds good|let's do|"
    r"do it|do that|happy to|on it|"
    r"i'm on it|fine with me|understood|certainly|all right|alright|brilliant|i like (?:that|it)|makes sense|"
    r"good idea|gladly|and i will)\b"
)
_AGREES = re.compile(
    r"(?:(?:yes|yeah|okay|ok|good|great|sure|right),? )?(?:agreed|i agree|we agree|deal|works for me|"
    r"fine (?:with|by) me|let's do (?:it|that)|same here|"
    r"i like that|makes sense|good idea|sounds good)\b"
)
_PROPOSES = re.compile(
    r"(?:(?:let's|let us) (?!see|look|say|assume|hope|discuss|talk|not forget|decide|take (?:a|this)|park|"
    r"wait)|(?:i'd|i would) (?:propose|suggest|say|take|rather|go)|"
    r"(?:i|we) (?:suggest|propose)|my proposal|(?:then )?we(?:'ll| will)? (?:(?:just )?(?:go|went|are going|"
    r"stick) with|ship|drop|keep|leave|"
    r"don't|do not|won't|will not|start|stop|move|use|take|release)|how about|why don't we)"
)
_CONCLUDES = re.compile(
    r"(?:(?:okay|ok|so|then|good),? )?(?:decided|agreed|decision)\s?:|"
    r"(?:(?:okay|ok|good|great|right|alright|all right|brilliant|perfect|lovely|fine)[,.!]? )?(?:so|then),? "
    r"(?:we(?:'ll| will| are going to|'re going to)? (?:(?:just )?(?:go|went|stick|are going) with|do|take|use|"
    r"keep|ship|start|leave|drop)|it's settled)\b|"
    r"(?:okay|ok|good|great|right|alright|brilliant|perfect)[,.!]? (?:so|then),? (?:the|it's|it is)\b"
)
_UNDECIDED = re.compile(
    r"\b(?:decide|deciding|decides|undecided|a decision|the decision)\b|\b(?:not|n't|yet to be|"
    r"never) (?:\w+ )?(?:decided|agreed|settled)\b"
)
_DECIDED = re.compile(r"\b(?:decided|agreed|settled|concluded)\b|\bdecision(?: is|:)|\bdecide:")
_DEFERS = re.compile(
    r"(?:\b(?:i|we|nobody|they)(?: really| honestly)? (?:don't|do not|didn't|doesn't|does not|can't|cannot|"
    r"couldn't)(?: really)? "
    r"(?:know|say|tell|promise|answer|remember)|\bno idea|\bnot sure\b|\bgood question|\bhard to say|"
    r"\bnobody knows|\bunclear\b|"
    r"\bi wonder|\bstill open|\bopen question|\bto be (?:decided|seen|clarified|discussed)|\btbd\b|\bwe'll see|"
    r"\bwe will see|"
    r"\b(?:let me|i'll|i will|i'd|i would|we'll|we need to|i need to|i have to|we have to|i must) (?:have to |"
    r"need to )?"
    r"(?:check|find out|ask|clarify|look (?:it|that) up|get back|come back|count|look into)|\bcan't tell|"
    r"\bhaven't (?:decided|checked|looked|thought|asked|tried)|\bnot (?:decided|clear) yet|\bdon't have (?:the|"
    r"that|an? )(?:\w+ )?(?:number|figure|answer))"
)
_PUT_OFF = re.compile(
    r"\b(?:decide|discuss|talk about|come back to|settle|clarify|park|postpone|take|"
    r"look at)\b.{0,60}\b(?:next (?:time|week|meeting)|later|"
    r"offline|another time|separately)\b|\bstill (?:open|unclear)\b|\bup in the air\b"
)
_YES_NO = re.compile(
    r"(?:is|are|was|were|do|does|did|can|could|will|would|should|shall|has|have|had|may|might|isn't|aren't|"
    r"don't|doesn't|"
    r"haven't|hasn't|won't|am)\b"
)
_YES = re.compile(
    r"(?:yes|yeah|yep|no|nope|not yet|sure|exactly|correct|right|of course|both|neither|probably|maybe|"
    r"definitely|absolutely)\b"
)
_ACKNOWLEDGES = re.compile(
    r"(?:(?:mhm|mm|hmm|okay|ok|yeah|right|sure|wow|oh|ah|really|i see|interesting|great|good|got it|ouch|cool|nice|"
    r"good question|exactly|alright|thanks|thank you)\b[\s,.!?]*)+"
)
_NOT_ME = re.compile(r"(?:no,? )?not me\b")
_RECAP = re.compile(
    r"(?:so,? )?(?:to (?:sum up|summari[sz]e|recap)|in short|in summary|the (?:main|key) (?:thing|"
    r"point)s? (?:is|are)|the goal)\b"
)
_POINTING = re.compile(
    r"(?:that|this|it|they|he|she|those|these|which)(?:'s|'ll|'re| is| are| was| were| will| has| had| have|"
    r" does| do| would| can| could| should| makes?)?\b"
)
_WORD = re.compile(r"[^\W_](?:[\w'’-]*\w)?")


def core(text: str) -> str:
    """A sentence in small letters without the words with which people begin to speak."""
    lowered = tidy(text).lower()
    lead = _LEAD.match(lowered)
    rest = lowered[lead.end() :] if lead else lowered
    return rest or lowered


def content(text: str) -> set[str]:
    """The words of a text that mean something by themselves, in small letters."""
    return {
        word for word in _WORD.findall(text.lower().replace("’", "'")) if word not in FUNCTION_WORDS and len(word) > 2
    }


def asks(text: str) -> bool:
    """Whether it is written as a question."""
    return text.rstrip(" \"')").endswith("?")


def is_procedure(text: str) -> bool:
    """Whether it greets, thanks, or steers the talk: nobody reads it a day later."""
    return bool(_PROCEDURE.match(core(text)) or _PROCEDURE.match(tidy(text).lower()))


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
    return bool(_COMMITS.match(core(text)))


def assigns(text: str, names: Collection[str]) -> bool:
    """Whether it gives something to do to one of `names`: "Ada, you write it down"."""
    found = _ASSIGNS.match(core(text))
    return bool(found) and not asks(text) and found["name"] in names  # type: ignore[index]


def accepts(text: str) -> bool:
    """Whether a turn begins with a yes to what was said before."""
    text = text[:BEGINNING]
    return bool(_ACCEPTS.match(tidy(text).lower()) or _ACCEPTS.match(text.lower().lstrip()))


def agrees(text: str) -> bool:
    """Whether a turn begins with words that make a proposal a decision."""
    return bool(_AGREES.match(text[:BEGINNING].lower().lstrip()))


def proposes(text: str) -> bool:
    """Whether it says what should be done by all."""
    return bool(_PROPOSES.match(core(text)))


def concludes(text: str) -> bool:
    """Whether it says what comes of the talk: "So we go with two"."""
    return not asks(text) and bool(_CONCLUDES.match(" ".join(text.replace("’", "'").lower().split())))


def is_undecided(text: str) -> bool:
    """Whether it only speaks about a decision that is not taken, or not by those who speak."""
    lowered = text.lower()
    return bool(_UNDECIDED.search(lowered)) and not (
        _DECIDED.search(lowered) and not re.search(r"\b(?:not|n't) ", lowered)
    )


def defers(text: str) -> bool:
    """Whether it answers a question with not knowing."""
    return bool(_DEFERS.search(text.replace("’", "'").lower()))


def puts_off(text: str) -> bool:
    """Whether it leaves something to another time."""
    return bool(_PUT_OFF.search(text.replace("’", "'").lower()))


def is_answer(question: str, sentence: str) -> bool:
    """Whether a sentence, said by another after the question, tells something: a yes to what may be, or words."""
    if asks(sentence) or _NOT_ME.match(sentence.lower()):
        return False
    said = tidy(sentence).lower()
    if _YES_NO.match(core(question)) and _YES.match(said):
        return True
    rest = _ACKNOWLEDGES.sub("", said, count=1) if _ACKNOWLEDGES.match(said) else said
    return bool(_WORD.search(rest)) and not is_procedure(sentence)


def recaps(text: str) -> bool:
    """Whether it sums the talk up by itself."""
    return bool(_RECAP.match(core(text)) or _RECAP.match(text.lower()))


def points_back(text: str) -> bool:
    """Whether it cannot be understood without the sentence before: "That's decided.\""""
    return bool(_POINTING.match(core(text))) and len(_WORD.findall(text)) < 12
