"""Strong patterns: what makes a sentence carry a label whatever the model thinks.

They read what `rules.plain` makes of a sentence. Each gap is bounded, so that no text makes them slow. They are few on
purpose: the models do the rest.
"""

from needlework.handlers.text.verbs import VERBS

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
TO_DO = (
    rf"(?:{'|'.join(sorted(VERBS - {'learn', 'like', 'see', 'think', 'try', 'understand', 'use', 'wait', 'hear'}))}|"
    r"have (?:a|another) (?:\w+ )?(?:look|word|chat|go)|take care of)"
)
_DAY = r"(?:\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|tonight|noon|end of|eod|cob|week|month)"
SOON_WORDS = (
    r"\b(?:today|tonight|tomorrow|by|before|until|next|this (?:week|month|morning|afternoon|evening)|within|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|in (?:\w+ ){1,2}(?:minutes|hours|days?|weeks?|months?)|end of)\b"
)
_CANNOT = r"(?:can't|cannot|can not|couldn't|could not|(?:unable|not able|no longer able) to|can no longer)"
_PRODUCT = (
    r"(?:apps?|applications?|programs?|software|websites?|sites?|web ?pages?|pages?|screens?|dashboards?|buttons?|"
    r"menus?|links?|search|filters?|exports?|imports?|uploads?|downloads?|logins?|sync|integrations?|plugins?|api|"
    r"widgets?|editors?|calendars?|reports?|charts?|tables?|spreadsheets?|files?|attachments?|pdfs?|csv|invoices?|"
    r"passwords?|accounts?|settings|notifications?|servers?|portal|tool|system|version|update)"
)
_KEPT = (
    r"(?:tickets?|messages?|e?-?mails?|rows?|records?|entries|contacts?|customers|orders?|comments?|tasks?|changes|"
    r"drafts?|photos?|images|pictures|notes?|documents?|items?|lines?|columns?|numbers|figures|hours|data|history|"
    r"bookings?|payments?|transactions?|events?|appointments?|reminders?|tags|folders?|projects?)"
)
"""What a product keeps for those who use it."""
_SENT = (
    r"(?:e?-?mails?|messages?|notifications?|reminders?|alerts?|invitations?|texts|codes?|confirmations?|newsletters?)"
)
_FILED_VERB = r"(?:export|import|upload|download|log ?in|sign in|sync|synchroni[sz]e|install|reset|log ?on|load)"
_USED_VERB = r"(?:open|see|view|edit|delete|create|add|save|send|share|print|access|find|connect|search|change|update)"
_OUR_PLAN = r"(?:subscription|contract|plan|account|membership|agreement|licen[cs]es?|service)"
STRONG: dict[str, tuple[str, ...]] = {
    "action_items": (
        r"^\W{0,6}(?:\[ ?\]\W{1,3})?(?:to-?\s?dos?|actions?|action items?|action points?|ai|next steps?|follow-?ups?) ?"
        r"(?::|[–-]+ )",
        r"^\W{0,6}to-?do \w|^\W{0,4}\[ ?\] \w|^(?:the )?next steps? (?:is|are) to\b",
        r"^\W{0,4}(?:please|pls|kindly) (?!note|find|see attached|accept my|be advised|don't hesitate|"
        r"do not hesitate)\w+",
        r"\b(?:can|could|would|will) you (?:please|kindly|pls)\b|\bplease (?:can|could|would|will) you\b",
        rf"^\W{{0,3}}(?:(?:\w+ ){{0,2}}\w+\W{{1,3}})?(?:can|could) (?:you|u|someone|somebody|anyone|anybody) "
        rf"(?:(?:also|just|quickly|maybe|possibly) )?{TO_DO}\b",
        r"\b(?:would|do) you mind \w+ing\b|\bany chance (?:that )?you (?:could|can)\b|\b(?:wondering|grateful|great|"
        r"helpful|appreciate it|appreciated) if you (?:could|can|would)\b|\b(?:i|we)(?:'d| would| really)? (?:need|"
        r"want|like) you to \w",
        rf"^\W{{0,3}}(?!if\b|to\b|this\b)(?:[\w'-]+ ){{0,3}}[\w'-]+[,;:.!]? [–-]{{0,2}} ?(?:please|pls|"
        rf"kindly) {TO_DO}\b|^\W{{0,4}}{TO_DO} (?:me|us)\b",
        rf"^\W{{0,4}}{TO_DO} .{{0,120}}\b(?:by|before|until|no later than) (?:the |next )?{_DAY}",
        rf"^\W{{0,3}}(?:(?:and|so|but|then|also|ok|okay)\W{{1,2}})?(?:we (?:still |also |really )?(?:need|have) to|"
        rf"(?:don't|do not) forget to|remember to|let's have \w+) {TO_DO}\b",
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
        r"\b(?:charged|billed|invoiced|debited|booked) (?:\w+ ){0,4}(?:twice|two times|three times|by mistake|wrongly|"
        r"although|even though)\b|\bdouble[- ](?:charged?|billed|billing)\b|\b(?:wrongly|incorrectly) (?:charged|"
        r"billed)\b",
        rf"\b{_KEPT} (?:[\w']+ ){{0,4}}(?:(?:is|are|was|were|went|gone|got|have|has) (?:suddenly |all |now |just "
        rf")?(?:missing(?! you)|lost|gone)|disappear(?:s|ed|ing)?|vanish(?:es|ed)?)\b",
        rf"\b{_SENT} (?:[\w']+ ){{0,5}}(?:(?:arrives?|comes?|came|arrived|reach(?:es)?|get|gets|go(?:es)?|are sent|is "
        rf"sent) (?:[\w']+ ){{0,4}}(?:late|twice|to the wrong)|never (?:arrive|arrives|arrived|came|come|reach|"
        rf"reached)|(?:has not|hasn't|have not|haven't|did not|didn't) (?:arrived?|come|reach))",
        r"\b(?:refund|payment|credit|money) (?:[\w']+ ){0,4}(?:never (?:arrived|came)|(?:is|was|has|have) (?:not|"
        r"never|still not) (?:been |yet )?(?:arrived|paid|booked|credited|transferred|received|on (?:our|my) "
        r"(?:account|card|statement)))",
        rf"\b(?:{_PRODUCT}|{_KEPT}|api|calls|requests|endpoints?) (?:[\w']+ ){{0,3}}(?:throw|giv|show|return|answer|"
        rf"respond)\w* (?:\w+ ){{0,2}}(?:errors?|exceptions?|[45]\d\d)\b",
        rf"\b{_PRODUCT} (?:[\w']+ ){{0,3}}(?:fails?|failed|failing|freezes|froze|hangs|crashes|times out|timed out|"
        rf"timing out)\b",
        r"\b(?:white|blank|black|empty) (?:page|screen)\b|\bcrash(?:es|ed)\W{0,3}$",
    ),
    "feature_request": (
        r"^\W{0,4}\[?feature(?: request)?\]?\s?[:\]]",
        r"\bfeature request\b",
        r"\bplease (?:add|implement|include) (?:support|an? option|the ability|an? (?:setting|flag|way))\b",
        r"\b(?:would|it'd|that'd) (?:\w+ )?be (?:\w+ )?(?:nice|great|awesome|helpful|useful|cool) (?:to be able|if "
        r"(?:\w+ ){0,3}could be|to have (?:an?|the) (?:\w+ )?(?:option|setting|feature|button|filter|way))\b",
        r"\b(?:please|could you|can you|would you) (?:also |kindly )?(?:add|build|implement|offer) (?:us )?(?:an?|"
        r"the) (?:[\w-]+ ){0,3}(?:feeds?|views?|buttons?|filters?|columns?|fields?|themes?|mode|exports?|reports?|"
        r"settings?|shortcuts?|search|menus?|charts?|templates?|api|integrations?|connectors?|dashboards?)\b",
        r"\bi (?:really )?wish (?:i|we|it|you|one|there|that)\b(?: \w+){0,3} (?:could|can|had|was|were|would)\b",
        r"\b(?:integration|options?|setting|function|feature|possibility|ability|connector|editing|view|filter|"
        r"shortcut)s? (?:[\w-]+ ){0,4}(?:is|are) (?:still |sadly |really )?(?:missing|what (?:\w+ ){0,4}(?:miss|"
        r"missing|lack|need|want)\b)",
        r"\b(?:do|are) you (?:plan|planning) (?:to (?:add|support|offer)|on (?:adding|supporting|"
        r"offering))\b",
    ),
    "question": (
        r"\w[^\w?]{0,3}\?+(?:[\s)\"'!]|$)",
        r"^\W{0,4}(?:(?:hi|hello|hey|and|so|but|ok)\W{1,3})?(?:how (?:do|can|to|much|many|long|does|is|are)|what(?:'s|"
        r" is| are| does| do)|where (?:is|can|do|are)|why (?:is|does|do|are|did)|when (?:is|will|does|can)|who (?:is|"
        r"can|does|will)|is there (?:a|any)) ",
    ),
    "churn_risk": (
        rf"\b(?:cancel|terminate|discontinue|end|quit|stop|not renew|won't renew) (?:\w+ ){{0,2}}{_OUR_PLAN}\b",
        r"\b(?:won't|will not|not going to|don't plan to|do not plan to|decided not to|"
        r"aren't going to) (?:be )?renew",
        r"\b(?:(?:leave|leaving|(?:ditch|dump)(?:ing)?|drop(?:ping)?) you(?! (?:an?|the|my|some|with|to|alone|off|in|"
        r"at|out|hanging|\w+ a)\b)|close our account|part ways|take our business elsewhere|"
        r"look(?:ing)? elsewhere)\b",
        r"\b(?:mov|switch|migrat|chang)(?:e|ing|ed)? (?:over )?(?:away from (?:you|your)|to (?:your|a|one of your|"
        r"another|a different|some other) (?:\w+ )?(?:competitors?|vendor|provider|supplier|tool|"
        r"platform|solution|product))\b",
        r"\bhave to (?:look (?:at|for|into)|consider|find|choose) (?:\w+ )?(?:other|another|alternative|different|"
        r"new) ?(?:options?|solutions?|tools?|vendors?|providers?|suppliers?|products?|alternatives?|systems?|one)?\b|"
        r"\bin talks with .{1,60}\b(?:replac\w+|tak\w+ over|instead|mov\w+|switch\w*)\b",
        r"\breplac(?:e|ing) you\b|\bcancel (?:everything|immediately)\b",
    ),
    "praise": (
        r"\b(?:kudos|hats off|well done|great job|fantastic job|awesome job|amazing job|excellent (?:work|"
        r"job|service|support))\b",
        r"\b(?:love|adore) (?:it|this|your|the (?:new )?(?:product|app|tool|update|feature|dashboard|design|service)|"
        r"(?:working|using) (?:with )?(?:it|this|your))\b",
        r"\b(?:you guys|you|your team|your support(?: team)?) (?:are|is|were|was) (?:\w+ ){0,2}"
        r"(?:amazing|awesome|the best|fantastic|great|wonderful|outstanding|excellent|incredible|"
        r"brilliant)\b",
    ),
    "decision": (
        r"\b(?:we|they|i|it was|it's|it is|has been|have been|management|the (?:board|team|group|committee|council)) "
        r"(?:\w+ )?(?:decided|agreed|resolved|settled|opted|chose) (?:to|on|that|against|not|for|upon)\b",
        r"\b(?:we're|we are|i'm|they're|they are) going with\b|\blet's go with\b|\bthe decision is\b|"
        r"\bfinal (?:decision|call)\b|\b(?:that|it|this)(?:'s| is) (?:settled|decided|agreed)\b",
        r"\b(?:motion|proposal|amendment) (?:was |is )?(?:carried|adopted|agreed)\b|\bsigned off on\b",
    ),
    "pricing_objection": (
        r"\b(?:too|so|very|more|prohibitively|really|way too) (?:expensive|pricey|costly)\b.{0,60}(?:\bus\b|\bour\b|"
        r"\bteam\b|\bfor\b|$|[.!])",
        r"\b(?:costs?|charge|charging|charged|pay|paying) (?:us |me |way |far )?too much\b",
        r"\b(?:can't|cannot|can not|couldn't|unable to) afford\b|\bout of (?:our|my) (?:budget|"
        r"price range)\b",
        r"\b(?:no|not|don't have the|doesn't have the|beyond (?:our|the)|over|above our) budget\b",
        r"\b(?:see|understand|know|explain) why (?:we|i) (?:should |have to |must |still |would )?pay\b",
        r"\b(?:price|pricing|quote|cost|fees?) (?:is|are|was|were|seems?) (?:\w+ )?(?:too high|high|steep|outrageous|"
        r"ridiculous|unfair|insane)\b",
    ),
    "competitor_mention": (
        rf"\b(?:{_RIVALS})\b|\bin talks with .{{1,60}}\b(?:replac\w+|tak\w+ over|instead|switch\w*)\b",
        r"\b(?:your|a|our|one of (?:your|the)|the|main|direct) (?:\w+ )?competitors?\b",
        r"\b(?:another|other|different|alternative|rival) (?:vendor|provider|supplier|product|solution|"
        r"platform)s?\b",
    ),
    "escalation": (
        r"\b(?:speak|talk|transfer me|put me through|connect me|complain) (?:\w+ ){0,2}(?:manager|"
        r"supervisor|boss|director|someone (?:senior|higher))\b",
        r"\bescalat(?:e|ed|ing) (?:this|it|the (?:issue|ticket|matter|case|problem)|my)\b",
        r"\b(?:totally|completely|simply|absolutely)? ?unacceptable\b",
        r"\b(?:formal|official) complaint\b|\b(?:file|make|lodge|raise) (?:a|an|another) (?:\w+ )?complaint\b",
        r"\b(?:legal action|our (?:lawyers?|attorneys?|legal team)|take (?:you|this) to court|sue you)\b",
    ),
    "expansion_signal": (
        r"\b(?:add|buy|need|purchase|order|get|want|quote for|require) (?:\w+ ){0,4}(?:more|additional|extra|new|"
        r"another) (?:\w+ ){0,2}(?:seats?|licen[cs]es?|users|accounts for)\b",
        r"\b(?:sign(?:s|ed|ing)?(?: up)?|renew(?:s|ed)?|ask(?:s|ed)?|book(?:s|ed)?) (?:\w+ ){0,3}(?:more|additional|"
        r"another|further|extra) (?:\w+ ){0,2}(?:regions?|seats?|licen[cs]es?|sites?|users?|teams?|modules?|branches|"
        r"offices?|departments?|countries|locations?|accounts?)\b",
        r"\bupgrad(?:e|ing) (?:\w+ ){0,4}(?:plan|tier|enterprise|premium|business|pro)\b",
        r"\broll(?:ing)? (?:it|this|you|them) out (?:to|across)\b|\bexpand (?:\w+ ){0,3}(?:to|across|"
        r"into) (?:\w+ ){0,3}(?:teams?|departments?|regions?|offices?)\b",
    ),
    "follow_up_promised": (
        rf"{_PROMISE} (?:\w+ ){{0,3}}{_BACK}\b",
        rf"{_PROMISE} (?:\w+ ){{0,1}}{_DELIVER} (?:you|the|it|them|this|everyone|with|over|on|as|by|"
        rf"tomorrow|shortly|again)\b",
        rf"\bi(?:'ll|'m going to| will| shall| am going to| promise to) (?:(?:also|then|just|try to|gladly|first) "
        rf"){{0,2}}{TO_DO}\b(?!,? (?:and )?(?:that|you (?:something|a story|how|why)|it is)\b)",
        rf"^\W{{0,4}}(?:(?:and|so|then|ok|okay|yes|sure|on it)\W{{1,3}})?(?:(?:i (?:can|need to|have to)|let me|we "
        rf"will|we'll) {TO_DO}\b.{{0,200}}{SOON_WORDS}|will {TO_DO}\b)",
        r"\b(?:get back to you|circle back|keep you (?:posted|updated|informed)|follow up with you)\b(?!\?)",
    ),
}
