"""Strong patterns: what makes a sentence carry a label whatever the model thinks, and what forbids it.

Patterns read the lower-cased sentence with straight apostrophes, at most `MAX_TEXT` characters of it. Each
gap is bounded, so that no text makes them slow. They are few on purpose: the models do the rest.
"""

import re
from functools import lru_cache

from needlework.handlers.labels.definitions import LabelRules
from needlework.handlers.text.verbs import VERBS

MAX_TEXT = 700
MAX_GAPS = 3
"""Gaps of one phrase; what follows a fourth is not read, since gaps multiply."""
RULE_SCORE = 0.92
"""Of a sentence that a strong pattern matched. Below 1, since patterns err too."""

_RIVALS = (
    "salesforce|hubspot|zendesk|intercom|freshdesk|freshworks|servicenow|asana|trello|pipedrive|gainsight|clickup|"
    "zoho crm|monday\\.com|basecamp|airtable|helpscout|help scout|totango|churnzero|productboard|smartsheet"
)
_BACK = r"(?:get|come|circle|report|be|call|write|ring) (?:\w+ ){0,2}back"
_DELIVER = (
    r"(?:send|email|e-mail|forward|share|call|update|contact|notify|inform|deliver|ping|follow up|reach out|"
    r"let (?:you|everyone|them) know|keep (?:you|everyone) (?:posted|updated|informed)|look into|find out|"
    r"check (?:with|on))"
)
_PROMISE = r"\b(?:(?:i|we)(?:'ll|ll| will| shall| am going to| are going to|'m going to|'re going to)|let me)"
_TO_DO = (
    rf"(?:{'|'.join(sorted(VERBS - {'learn', 'like', 'see', 'think', 'try', 'understand', 'use', 'wait', 'hear'}))}|"
    r"have (?:a|another) (?:\w+ )?(?:look|word|chat|go)|take care of)"
)
_DAY = r"(?:\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|tonight|noon|end of|eod|cob|week|month)"
_SOON = (
    r"\b(?:today|tonight|tomorrow|by|before|until|next|this (?:week|month|morning|afternoon|evening)|within|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|in (?:\w+ ){1,2}(?:minutes|hours|days?|weeks?|months?)|end of)\b"
)
SOON = re.compile(_SOON)
"""A day or an hour to come, in a `plain` sentence."""
_CANNOT = r"(?:can't|cannot|can not|couldn't|could not|(?:unable|not able|no longer able) to|can no longer)"
_PRODUCT = (
    r"(?:apps?|applications?|programs?|software|websites?|sites?|web ?pages?|pages?|screens?|dashboards?|buttons?|"
    r"menus?|links?|search|filters?|exports?|imports?|uploads?|downloads?|logins?|sync|integrations?|plugins?|api|"
    r"widgets?|editors?|calendars?|reports?|charts?|tables?|spreadsheets?|files?|attachments?|pdfs?|csv|invoices?|"
    r"passwords?|accounts?|settings|notifications?|servers?|portal|tool|system|version|update)"
)
_FILED_VERB = r"(?:export|import|upload|download|log ?in|sign in|sync|synchroni[sz]e|install|reset|log ?on|load)"
_USED_VERB = r"(?:open|see|view|edit|delete|create|add|save|send|share|print|access|find|connect|search|change|update)"
_OUR_PLAN = r"(?:subscription|contract|plan|account|membership|agreement|licen[cs]es?|service)"
_SORRY = (
    r"^\W{0,3}(?:(?:i|we|she|he|they)(?:'m|'re| am| are| is)? )?(?:so |very |really |deeply |sincerely )?"
    r"(?:sorry|apologi[sz]ed?|(?:my |our )?apologies)\b(?!.{0,300}\b(?:but|enough|unacceptable|complaint|lawyers?|"
    r"cancel|terminate|end|quit|leav(?:e|ing)|renew|stay|continue|switch|longer|any ?more)\b)"
)
"""Who says sorry is rarely the one who threatens."""

STRONG: dict[str, tuple[str, ...]] = {
    "action_items": (
        r"^\W{0,6}(?:\[ ?\]\W{1,3})?(?:to-?\s?dos?|actions?|action items?|action points?|ai|next steps?|follow-?ups?) ?"
        r"(?::|[–-]+ )",
        r"^\W{0,6}to-?do \w|^\W{0,4}\[ ?\] \w|^(?:the )?next steps? (?:is|are) to\b",
        r"^\W{0,4}(?:please|pls|kindly) (?!note|find|see attached|accept my|be advised|don't hesitate|"
        r"do not hesitate)\w+",
        r"\b(?:can|could|would|will) you (?:please|kindly|pls)\b|\bplease (?:can|could|would|will) you\b",
        rf"^\W{{0,3}}(?:(?:\w+ ){{0,2}}\w+\W{{1,3}})?(?:can|could) (?:you|u|someone|somebody|anyone|anybody) "
        rf"(?:(?:also|just|quickly|maybe|possibly) )?{_TO_DO}\b",
        r"\b(?:would|do) you mind \w+ing\b|\bany chance (?:that )?you (?:could|can)\b|"
        r"\b(?:wondering|grateful|great|helpful|appreciate it|appreciated) if you (?:could|can|would)\b|"
        r"\b(?:i|we)(?:'d| would| really)? (?:need|want|like) you to \w",
        rf"^\W{{0,3}}(?!if\b|to\b|this\b)(?:[\w'-]+ ){{0,3}}[\w'-]+[,;:.!]? [–-]{{0,2}} ?(?:please|pls|"
        rf"kindly) {_TO_DO}\b|^\W{{0,4}}{_TO_DO} (?:me|us)\b",
        rf"^\W{{0,4}}{_TO_DO} .{{0,120}}\b(?:by|before|until|no later than) (?:the |next )?{_DAY}",
        rf"^\W{{0,3}}(?:(?:and|so|but|then|also|ok|okay)\W{{1,2}})?(?:we (?:still |also |really )?(?:need|have) to|"
        rf"(?:don't|do not) forget to|remember to|let's have \w+) {_TO_DO}\b",
    ),
    "task_issue_bug": (
        r"\b(?:crash(?:es|ed|ing)|segfaults?|null ?pointer|stack ?trace|traceback|regression) (?:\w+ ){0,5}"
        r"(?:when|while|after|on|in|every|exception)\b",
        r"\b(?:throws?|gives?|shows?|returns?|getting|get|got) (?:\w+ ){0,3}(?:error|exception|[45]\d\d)\b",
        r"\b(?:is|it's|are|was|seems?|still|completely) (?:\w+ )?broken\b",
        r"^\W{0,4}\[?bug\]?\s?[:\]]",
        rf"\b(?<!if )(?<!why )(?:i|we|they|he|she|users?|customers?|clients?|people|colleagues?|everyone|everybody|"
        rf"team|{_PRODUCT})(?:'re|'m)? (?:(?:am|are|is|was|were|still|also|now|suddenly|just) ){{0,2}}{_CANNOT} "
        rf"(?:\w+ly |even )?(?:{_FILED_VERB}|{_USED_VERB} (?:\w+ ){{0,4}}{_PRODUCT})\b",
        rf"\b{_PRODUCT} (?:(?:still|just|suddenly|also) )?(?:does not|doesn't|doesnt|do not|don't|won't|will not|"
        rf"no longer|stopped|never|keeps? not) (?:\w+ ){{0,1}}(?:load|open|work|sync|find|show|start|respond|save|"
        rf"display|update|connect|refresh|render|print|appear|finish)(?:s|ing)?\b",
        r"\b(?:white|blank|black|empty) (?:page|screen)\b|\bcrash(?:es|ed)\W{0,3}$",
    ),
    "feature_request": (
        r"^\W{0,4}\[?feature(?: request)?\]?\s?[:\]]",
        r"\bfeature request\b",
        r"\bplease (?:add|implement|include) (?:support|an? option|the ability|an? (?:setting|flag|way))\b",
        r"\b(?:would|it'd|that'd) (?:\w+ )?be (?:\w+ )?(?:nice|great|awesome|helpful|useful|"
        r"cool) (?:to be able|if (?:\w+ ){0,3}could be|"
        r"to have (?:an?|the) (?:\w+ )?(?:option|setting|feature|button|filter|way))\b",
        r"\b(?:do|are) you (?:plan|planning) (?:to (?:add|support|offer)|on (?:adding|supporting|"
        r"offering))\b",
    ),
    "question": (
        r"\w[^\w?]{0,3}\?+(?:[\s)\"'!]|$)",
        r"^\W{0,4}(?:(?:hi|hello|hey|and|so|but|ok)\W{1,3})?(?:how (?:do|can|to|much|many|long|does|is|"
        r"are)|what(?:'s| is| are| does| do)|"
        r"where (?:is|can|do|are)|why (?:is|does|do|are|did)|when (?:is|will|does|can)|who (?:is|can|does|"
        r"will)|is there (?:a|any)) ",
    ),
    "churn_risk": (
        rf"\b(?:cancel|terminate|discontinue|end|quit|stop|not renew|"
        rf"won't renew) (?:\w+ ){{0,2}}{_OUR_PLAN}\b",
        r"\b(?:won't|will not|not going to|don't plan to|do not plan to|decided not to|"
        r"aren't going to) (?:be )?renew",
        r"\b(?:(?:leave|leaving|(?:ditch|dump)(?:ing)?|drop(?:ping)?) you(?! (?:an?|the|my|some|with|to|alone|off|in|"
        r"at|out|hanging|\w+ a)\b)|close our account|part ways|take our business elsewhere|"
        r"look(?:ing)? elsewhere)\b",
        r"\b(?:mov|switch|migrat|chang)(?:e|ing|ed)? (?:over )?(?:away from (?:you|your)|to (?:your|a|one of your|"
        r"another|a different|some other) (?:\w+ )?(?:competitors?|vendor|provider|supplier|tool|"
        r"platform|solution|product))\b",
        r"\breplac(?:e|ing) you\b|\bcancel (?:everything|immediately)\b",
    ),
    "praise": (
        r"\b(?:kudos|hats off|well done|great job|fantastic job|awesome job|amazing job|excellent (?:work|"
        r"job|service|support))\b",
        r"\b(?:love|adore) (?:it|this|your|the (?:new )?(?:product|app|tool|update|feature|dashboard|"
        r"design|service)|"
        r"(?:working|using) (?:with )?(?:it|this|your))\b",
        r"\b(?:you guys|you|your team|your support(?: team)?) (?:are|is|were|was) (?:\w+ ){0,2}"
        r"(?:amazing|awesome|the best|fantastic|great|wonderful|outstanding|excellent|incredible|"
        r"brilliant)\b",
    ),
    "decision": (
        r"\b(?:we|they|i|it was|it's|it is|has been|have been|management|the (?:board|team|group|"
        r"committee|council)) (?:\w+ )?"
        r"(?:decided|agreed|resolved|settled|opted|chose) (?:to|on|that|against|not|for|upon)\b",
        r"\b(?:we're|we are|i'm|they're|they are) going with\b|\blet's go with\b|\bthe decision is\b|"
        r"\bfinal (?:decision|call)\b",
        r"\b(?:motion|proposal|amendment) (?:was |is )?(?:carried|adopted|agreed)\b|\bsigned off on\b",
    ),
    "pricing_objection": (
        r"\b(?:too|so|very|more|prohibitively|really|way too) (?:expensive|pricey|"
        r"costly)\b.{0,60}(?:\bus\b|\bour\b|\bteam\b|\bfor\b|$|[.!])",
        r"\b(?:costs?|charge|charging|charged|pay|paying) (?:us |me |way |far )?too much\b",
        r"\b(?:can't|cannot|can not|couldn't|unable to) afford\b|\bout of (?:our|my) (?:budget|"
        r"price range)\b",
        r"\b(?:no|not|don't have the|doesn't have the|beyond (?:our|the)|over|above our) budget\b",
        r"\b(?:price|pricing|quote|cost|fees?) (?:is|are|was|were|seems?) (?:\w+ )?"
        r"(?:too high|high|steep|outrageous|ridiculous|unfair|insane)\b",
    ),
    "competitor_mention": (
        rf"\b(?:{_RIVALS})\b",
        r"\b(?:your|a|our|one of (?:your|the)|the|main|direct) (?:\w+ )?competitors?\b",
        r"\b(?:another|other|different|alternative|rival) (?:vendor|provider|supplier|product|solution|"
        r"platform)s?\b",
    ),
    "escalation": (
        r"\b(?:speak|talk|transfer me|put me through|connect me|complain) (?:\w+ ){0,2}(?:manager|"
        r"supervisor|boss|director|someone (?:senior|higher))\b",
        r"\bescalat(?:e|ed|ing) (?:this|it|the (?:issue|ticket|matter|case|problem)|my)\b",
        r"\b(?:totally|completely|simply|absolutely)? ?unacceptable\b",
        r"\b(?:formal|official) complaint\b|\b(?:file|make|lodge|raise) (?:a|an|"
        r"another) (?:\w+ )?complaint\b",
        r"\b(?:legal action|our (?:lawyers?|attorneys?|legal team)|take (?:you|this) to court|sue you)\b",
    ),
    "expansion_signal": (
        r"\b(?:add|buy|need|purchase|order|get|want|quote for|require) (?:\w+ ){0,4}(?:more|additional|"
        r"extra|new|another) (?:\w+ ){0,2}"
        r"(?:seats?|licen[cs]es?|users|accounts for)\b",
        r"\bupgrad(?:e|ing) (?:\w+ ){0,4}(?:plan|tier|enterprise|premium|business|pro)\b",
        r"\broll(?:ing)? (?:it|this|you|them) out (?:to|across)\b|\bexpand (?:\w+ ){0,3}(?:to|across|"
        r"into) (?:\w+ ){0,3}(?:teams?|departments?|regions?|offices?)\b",
    ),
    "follow_up_promised": (
        rf"{_PROMISE} (?:\w+ ){{0,3}}{_BACK}\b",
        rf"{_PROMISE} (?:\w+ ){{0,1}}{_DELIVER} (?:you|the|it|them|this|everyone|with|over|on|as|by|"
        rf"tomorrow|shortly|again)\b",
        rf"\bi(?:'ll|'m going to| will| shall| am going to| promise to) (?:(?:also|then|just|try to|gladly|"
        rf"first) ){{0,2}}"
        rf"{_TO_DO}\b(?!,? (?:and )?(?:that|you (?:something|a story|how|why)|it is)\b)",
        rf"^\W{{0,4}}(?:(?:and|so|then|ok|okay|yes|sure|on it)\W{{1,3}})?(?:(?:i (?:can|need to|have to)|let me|"
        rf"we will|"
        rf"we'll) {_TO_DO}\b.{{0,200}}{_SOON}|will {_TO_DO}\b)",
        r"\b(?:get back to you|circle back|keep you (?:posted|updated|informed)|follow up with you)\b(?!\?)",
    ),
}

NEVER: dict[str, tuple[str, ...]] = {
    "action_items": (
        r"\b(?:can|could|do|did) (?:you|u|y'all|anyone|anybody|everyone|everybody|someone)(?: \w+){0,2} (?:hear|see) "
        r"(?:me|us|my (?:screen|slides|video|camera)|this|that|it)\b(?:(?: \w+){0,2}\W*$)",
        r"^\W{0,3}(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))\W{1,3}(?:\w+ ){0,2})?(?:is (?:this|it) (?:on|"
        r"working)|am i (?:audible|on mute|muted)|are you (?:there|still there)|how are you)\b[^,.]{0,20}$",
        r"\b(?:can|could|would) you (?:believe|imagine)\b|\bhope (?:you|all|this|everyone) (?:\w+ ){0,3}(?:well|"
        r"fine|safe)\b",
        r"\bno longer wish to receive\b|\bunsubscribe\b|\bprefer not to receive\b",
        r"^\W{0,3}(?:thanks?|thank you|ok|okay|yes|no|sure|hi|hello|bye|goodbye)[\s\w]{0,20}\W{0,3}$",
    ),
    "task_issue_bug": (
        r"\b(?:no|without(?: any)?|not an?|never had an?y?) (?:\w+ )?(?:errors?|bugs?|issues?|problems?|"
        r"crash)\b",
        r"\bif (?:\w+ ){0,4}(?:links?|page|attachments?|button)(?: \w+)? (?:does|do|will|did)(?:n't| not) ",
    ),
    "feature_request": (r"\bthanks? (?:you )?for (?:adding|implementing)\b",),
    "question": (),
    "churn_risk": (
        r"\b(?:don't|do not|not going to|won't|never) (?:want to )?(?:cancel|leave|terminate)\b",
        r"\bif you (?:\w+ ){0,4}(?:cancel|unsubscribe|terminate)\b",
        r"\byou (?:can|may) (?:\w+ )?(?:cancel|unsubscribe)\b",
        r"(?<!not )(?<!n't )\b(?:happy|glad|pleased|decided|agreed|chose|delighted) to (?:renew|extend|prolong|stay|"
        r"continue|remain)\b",
        r"^(?!.{0,300}(?:\b(?:not|never|no longer|unless|only|against|stop|cancel)\b|n't)).{0,300}\b"
        r"(?:renew(?:ed|s)|(?:was|were|been) (?:extended|prolonged)|(?:extended|prolonged) (?:the|our|my|for))\b",
        _SORRY,
    ),
    "praise": (
        r"\b(?:not|isn't|wasn't|aren't|n't|hardly|far from) (?:\w+ ){0,2}(?:good|great|impressed|happy|"
        r"the best|amazing|love|helpful)\b",
    ),
    "decision": (
        r"\b(?:haven't|hasn't|not|never|n't) (?:\w+ ){0,2}(?:decided?|agreed|settled)\b(?! (?:against|"
        r"not))|\b(?:need|have|want|yet|going) to decide\b",
        r"^\W{0,4}(?:have|has|did|who|what|when|should|shall) .{0,200}\?\W{0,2}$",
    ),
    "pricing_objection": (r"\b(?:not|isn't|n't) (?:\w+ )?(?:too )?(?:expensive|pricey)\b",),
    "competitor_mention": (),
    "escalation": (
        _SORRY,
        r"\bprivilege escalation\b|\bnot the (?:first|only) (?:one|to)\b|"
        r"\b(?:no need to|don't|do not|won't) escalate\b",
        r"^\W{0,3}(?:my|the|our|his|her) (?:manager|boss|director|supervisor|team lead)\b"
        r"(?! (?:\w+ )?(?:wants?|demands?|expects?|needs?|insists?|ask(?:s|ed|ing)?|furious|angry|complains?)\b)",
    ),
    "expansion_signal": (r"\b(?:fewer|less|reduce|remove|cancel)\b",),
    "follow_up_promised": (
        rf"^\W{{0,4}}(?:will (?!{_TO_DO}\b)|(?:would|could|can|did|please)\b)|\b(?:won't|will not|can't|cannot)\b",
        r"\b(?:please|you should|you must|can you|could you) (?:\w+ ){0,3}(?:get back|follow up|"
        r"let me know)\b",
    ),
}


def _compiled(patterns: dict[str, tuple[str, ...]]) -> dict[str, re.Pattern[str]]:
    return {key: re.compile("|".join(f"(?:{p})" for p in group)) for key, group in patterns.items() if group}


_STRONG = _compiled(STRONG)
_NEVER = _compiled(NEVER)


def plain(sentence: str) -> str:
    """What patterns read: lower case, straight apostrophes, single blanks, bounded length."""
    return " ".join(sentence[:MAX_TEXT].lower().replace("’", "'").split())


def strong(key: str, sentence: str) -> bool:
    """Does a built-in pattern say that the `plain` sentence carries the label?"""
    pattern = _STRONG.get(key)
    return pattern is not None and pattern.search(sentence) is not None


def forbidden(key: str, sentence: str) -> bool:
    """Does a built-in pattern say that the `plain` sentence does not carry the label?"""
    pattern = _NEVER.get(key)
    return pattern is not None and pattern.search(sentence) is not None


@lru_cache(maxsize=1_024)
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Phrases of a workspace as one pattern: each word literally, `*` as up to four words."""
    parts: list[str] = []
    for phrase in phrases:
        first, *gaps = [part.split() for part in plain(phrase).split("*")[: MAX_GAPS + 1]]
        literal = ["".join(re.escape(word) + r"\W{1,3}" for word in part) for part in (first, *gaps)]
        if any(literal):
            parts.append(r"(?:\S+ ){0,4}?".join(literal))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})") if parts else None


def taught(rules: LabelRules, sentence: str) -> bool | None:
    """What a workspace's own phrases say of the `plain` sentence: carries it, must not carry it, or
    nothing."""
    padded = f"{sentence}  "
    never, phrases = _phrases(rules.never), _phrases(rules.phrases)
    if never is not None and never.search(padded):
        return False
    return True if phrases is not None and phrases.search(padded) else None
