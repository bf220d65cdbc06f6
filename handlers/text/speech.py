"""What a spoken sentence does, by its words: steers the talk, asks, answers, says yes, puts off."""

import re

from needlework.handlers.text.tidy import FUNCTION_WORDS, tidy

BEGINNING = 200
"""Characters of a turn in which it says yes or no."""
_PICTURES = re.compile(r"^(?:[^\w\s!-~]+\s*)+(?=\w)")
"""Emoji before the first word."""
_LEAD = re.compile(
    r"(?:(?:and|but|so|okay|ok|well|right|then|yes|yeah|yep|no|nope|now|great|good|oh|ah|um|uh|alright|"
    r"all right|sure|"
    r"fine|perfect|brilliant|lovely|also|first|actually|honestly|hmm|mhm|exactly|of course|meanwhile|in the meantime|"
    r"in that case|by the way|finally|very well|wonderful|agreed)\b[\s,.!:–—-]*)+"
)

_NAME = r"(?:[^\W\d_]+(?: [^\W\d_]+)?, )?"
_PROCEDURE = re.compile(
    rf"{_NAME}"
    r"(?:(?:hi|hello|hey|welcome|bye|goodbye|good (?:morning|afternoon|evening|day|night)|morning)\b(?!,? (?:i|we) )|"
    r"see you|talk (?:to you )?soon|(?:nice|good|great|lovely) (?:to (?:see|meet|have)|meeting) |"
    r"(?:thanks|thank you|cheers)(?! to\b)|congratulations|.{0,40}\bwell done\b|"
    r"have a (?:nice|good|great|lovely|safe)|(?:i )?hope (?:you|everyone|everybody|all)\b.{0,60}$|"
    r"(?:how are|how's|how is) (?:you|things|it going|every)|how about you\b|"
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
    r"(?:tell|give|show) us (?:the|a|an|your) (?:short |quick )?(?:timeline|overview|update|background|status|news)\b|"
    r"(?:a )?(?:quick|short) (?:round|question|one|thing)\b.{0,20}$|(?:small |quick )?one from me\W*$|"
    r"(?:just )?(?:a|one) (?:second|moment|minute)\W*$|(?:really|right|correct|true|wow|ouch|cool|no problem)\W*$)"
)
_ACCEPTS = re.compile(
    r"(?:agreed|i agree|agree|deal|yes|yeah|yep|sure|okay|ok|of course|will do|i will|i'll|i can do|fine|"
    r"absolutely|no problem|"
    r"done|got it|works for me|perfect|great|good|same here|exactly|right|definitely|sounds good|let's do|"
    r"do it|do that|happy to|on it|"
    r"i'm on it|fine with me|understood|certainly|all right|alright|brilliant|i like (?:that|it)|makes sense|"
    r"good idea|gladly|and i will)\b"
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
    r"\b(?:leave (?:it|that|this) (?:for|until|to)(?! me| us)|talk again|think (?:about it|it over)|sleep on it|"
    r"look at it again)\b|"
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
_LOOKING = re.compile(
    r"(?:(?:let me|i'll|i will|i'm going to|give me a (?:second|minute|moment) to) (?:quickly |just )?"
    r"(?:check|see|look|have a look|take a look|find out|look it up)|(?:i'm )?(?:checking|looking))"
    r"(?: (?:it|that|this|into (?:it|that)))?(?: (?:up|now|quickly|for you))?[.!… ]*"
)
_RECAP = re.compile(
    r"(?:so,? )?(?:to (?:sum up|summari[sz]e|recap)|in short|in summary|the (?:main|key) (?:thing|"
    r"point)s? (?:is|are)|the goal)\b"
)
_POINTING = re.compile(
    r"(?:that|this|it|they|he|she|those|these|which)(?:'s|'ll|'re| is| are| was| were| will| has| had| have|"
    r" does| do| would| can| could| should| makes?)?\b"
)
_CUT = re.compile(
    r"(?:\b(?:the|an?|to|of|and|or|for|with|if|because|but|my|our|your|his|their|is|are|was|were|we|i|can|will|would)|"
    r"[,—–-])[\s.?…-]*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_](?:[\w'’-]*\w)?")


def core(text: str) -> str:
    """A sentence in small letters without the words with which people begin to speak."""
    lowered = _PICTURES.sub("", tidy(text).lower())
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
    return bool(_PROCEDURE.match(core(text)) or _PROCEDURE.match(_PICTURES.sub("", tidy(text).lower())))


def accepts(text: str) -> bool:
    """Whether a turn begins with a yes to what was said before."""
    text = text[:BEGINNING]
    return bool(_ACCEPTS.match(tidy(text).lower()) or _ACCEPTS.match(text.lower().lstrip()))


def is_undecided(text: str) -> bool:
    """Whether it only speaks about a decision that is not taken, or not by those who speak."""
    lowered = text.lower()
    return bool(_UNDECIDED.search(lowered)) and not (
        _DECIDED.search(lowered) and not re.search(r"\b(?:not|n't) ", lowered)
    )


def defers(text: str) -> bool:
    """Whether it answers a question with not knowing."""
    return bool(_DEFERS.search(text.replace("’", "'").lower()))


def looks(text: str) -> bool:
    """Whether somebody only says that he looks now: "Let me check.\""""
    return bool(_LOOKING.fullmatch(core(text)))


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


def is_cut(text: str) -> bool:
    """Whether the speaker did not come to its end: "You can mount the"."""
    return bool(_CUT.search(text))


def points_back(text: str) -> bool:
    """Whether it cannot be understood without the sentence before: "That's decided.\""""
    return bool(_POINTING.match(core(text))) and len(_WORD.findall(text)) < 12
