"""What forbids a label, whatever the model and the strong patterns think. See `strong.py`."""

from needlework.handlers.labels.strong import TO_DO

_GOING = (
    r".{0,300}(?:\b(?:cancel|leav|quit|terminat|renew(?!ed)|not|never|away|instead|unless|replac|competitor|elsewhere|"
    r"regret|mistake|wrong|stop|end (?:the|our|this|my)|than yours|free plan)|n't\b|\bif\b)"
)
"""Words of one who leaves, in a sentence that else speaks of a sale."""
_BEGIN = r"^\W{0,3}i (?:suggest|propose) (?:that )?we (?:start|begin|meet|talk|discuss|move on|continue|wait)\b"
"""How to go on in a meeting, which no product is about."""
_SORRY = (
    r"^\W{0,3}(?:(?:i|we|she|he|they)(?:'m|'re| am| are| is)? )?(?:so |very |really |deeply |sincerely )?"
    r"(?:sorry|apologi[sz]ed?|(?:my |our )?apologies)\b(?!.{0,300}\b(?:but|enough|unacceptable|complaint|lawyers?|"
    r"cancel|terminate|end|quit|leav(?:e|ing)|renew|stay|continue|switch|longer|any ?more)\b)"
)
"""Who says sorry is rarely the one who threatens."""

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
        r"\b(?:not one|not a single|no|none of (?:the|our)) (?:\w+ )?\w+ (?:is|are|was|were) (?:missing|lost|gone)\b",
        r"\b(?:if|whenever|in case|should) (?:an?|the|any|one|our|your|it|something|anything) (?:\w+ ){0,3}(?:fails?|"
        r"breaks?|crash(?:es)?)\b.{0,80}\b(?:will|'ll|please|we have to|would)\b",
        r"\b(?:alarm|alerts?|warn\w*|notif\w*|hear|know|told|tell\w*|messages?)\b.{0,60}\b(?:if|when|whenever|as soon "
        r"as) .{0,40}\b(?:fails?|breaks?|crash(?:es)?)\b",
        r"(?<!not )(?<!n't )(?<!never )\b(?:works?|working|runs?|running) (?:fine |well |normally |perfectly |ok |as "
        r"(?:it should|expected) )?(?:again|now)\b(?!.{0,120}\b(?:but|except|only|not|slow\w*)\b)",
        r"\bif (?:\w+ ){0,4}(?:links?|page|attachments?|button)(?: \w+)? (?:does|do|will|did)(?:n't| not) ",
    ),
    "feature_request": (
        r"\bthanks? (?:you )?for (?:adding|implementing)\b|\b(?:is|are|has been|have been) (?:now |already )?(?:merged|"
        r"released|deployed|shipped|live)\b",
        _BEGIN,
    ),
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
        rf"^(?!{_GOING}).{{0,300}}\b(?:mov|switch|chang|go|upgrad|step|convert)\w* (?:up )?(?:[\w']+ ){{0,4}}?to "
        r"(?:the |an? |your |our )?(?:\w+ )?(?:annual|yearly|pro|premium|business|enterprise|"
        r"(?:bigger|larger|higher|next|big|large) (?:plan|tier|package|edition|version|one|level))\b",
        rf"^(?!{_GOING}).{{0,300}}\b(?:sold|won|closed|signed|bought|renewed|upsold|adds?|added|orders?|ordered) "
        r"(?:[\w'&-]+ ){0,4}(?:more|additional|extra|further|deals?|seats?|licen[cs]es?|contracts?|modules?|add-?ons?|"
        r"(?:\w+ )?years)\b",
        rf"^(?!{_GOING}).{{0,300}}\bbest (?:\w+ )?(?:tool|product|software|service|support|app|purchase|decision)\b",
        r"^(?!.{0,300}(?:\b(?:away|not|never|longer|instead of)\b|n't\b)).{0,300}\b(?:mov|switch|migrat|chang|bring|"
        r"com|go|replac)\w* (?:[\w']+ ){0,7}(?:(?:by|with) (?:yours|ours)|(?:over )?(?:on)?to (?:you|us|yours|ours|"
        r"(?:your|our) (?:\w+ )?(?:platform|product|tool|app|software|system|service|solution|cloud)))\b(?! (?:\w+ "
        r")?(?:competitors?|rivals?))",
        r"^(?!.{0,300}\b(?:subscription|contract|plan|account|everything|membership|"
        r"licen[cs]es?)\b).{0,300}\b(?:cancel|terminat)\w* (?:[\w']+ ){0,3}(?:meeting|call|chat|session|webinar|"
        r"appointment|event|order|trip|flight|training|workshop|demo|invitation|lunch|dinner|booking|reservation|"
        r"interview|delivery|job|process|export|import|upload)\b",
        r"\b(?:left|quit) (?:my|his|her|their) (?:\w+ )?(?:company|job|employer|team)\b",
    ),
    "praise": (
        r"\bso slow\b|^\W{0,3}agreed\b|^\W{0,3}(?:(?:thanks?|thank you|ok|great|perfect)\W{1,3})?(?:that|this|it) "
        r"(?:did the trick|solved it|worked|fixed it|is (?:fixed|solved))\W{0,3}$",
        r"\b(?:not|isn't|wasn't|aren't|n't|hardly|far from) (?:\w+ ){0,2}(?:good|great|impressed|happy|"
        r"the best|amazing|love|helpful)\b",
    ),
    "decision": (
        r"\b(?:haven't|hasn't|not|never|n't) (?:\w+ ){0,2}(?:decided?|agreed|settled)\b(?! (?:against|"
        r"not))|\b(?:need|have|want|yet|going) to decide\b",
        r"^\W{0,4}(?:have|has|did|who|what|when|should|shall) .{0,200}\?\W{0,2}$",
    ),
    "pricing_objection": (
        r"\bcost(?:s|ing|ed)? (?:us|me|them|our \w+|my \w+) (?:[\w-]+ ){0,4}(?:time|hours?|days?|weeks?|minutes|"
        r"customers?|clients|orders?|sales|deals?|real money|business|nerves|sleep|trust|reputation)\b|\bpaying "
        r"(?:customers?|clients?|users?)\b",
        r"\b(?:los(?:e|es|ing|t)|miss(?:es|ing|ed)?) (?:us |a lot of |real |much |good )?(?:money|revenue|sales|"
        r"orders)\b",
        r"\b(?:not|isn't|n't) (?:\w+ )?(?:too )?(?:expensive|pricey)\b",
    ),
    "competitor_mention": (
        r"\b(?:migrated|moved|switched|changed|came|come) (?:over )?from (?:excel|spreadsheets?|paper|word|outlook|"
        r"e?-?mails?|google sheets|pen and paper)\b",
        r"^(?!.{0,300}\b(?:compet|vendor|provider|supplier|rival|product|tools?|software|platform|solution|switch|"
        r"migrat|cheaper)).{0,300}\b(?:the|both|our|a) (?:other|same) (?:teams?|offices?|groups?|departments?|rooms?|"
        r"persons?|people|days?|time|templates?|calendars?|printers?|pages?|issues?|problems?|errors?|reports?|"
        r"questions?|tickets?|accounts?)\b",
    ),
    "escalation": (
        _SORRY,
        r"\bprivilege escalation\b|\bnot the (?:first|only) (?:one|to)\b|\b(?:no need to|don't|do not|won't) "
        r"escalate\b",
        r"^\W{0,3}(?:my|the|our|his|her) (?:manager|boss|director|supervisor|team lead)\b"
        r"(?! (?:\w+ )?(?:wants?|demands?|expects?|needs?|insists?|ask(?:s|ed|ing)?|furious|angry|complains?)\b)",
    ),
    "expansion_signal": (
        r"\b(?:fewer|less|reduce|remove|cancel)\b",
        _BEGIN,
        r"\bhow (?:do|can|to|would) (?:(?:i|we|you|one) )?(?:add|invite|create|set up|enter)\b(?!.{0,60}\b(?:seats?|"
        r"licen[cs]es?|more)\b)",
        r"^\W{0,3}(?:(?:i|we) (?:use|have|are on)|does|is|are) (?:\w+ )?(?:the|our|your) (?:\w+ ){0,2}plan\b",
    ),
    "follow_up_promised": (
        rf"^\W{{0,4}}(?:will (?!{TO_DO}\b)|(?:would|could|can|did|please)\b)|\b(?:won't|will not|can't|cannot)\b",
        r"\b(?:please|you should|you must|can you|could you) (?:\w+ ){0,3}(?:get back|follow up|"
        r"let me know)\b",
    ),
}
