"""Leaving for somebody with a name: "we will switch to Globex next month".

No list knows every rival, so the name is told by its capital and by what is done to get there. Months,
languages and the places and tools that people most often move to are no rivals. Reads the sentence as
written, at most `MAX_TEXT` characters; each gap is bounded.
"""

import re

LABELS = frozenset({"churn_risk", "competitor_mention"})
MAX_TEXT = 700

_TIMES = (
    "January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|"
    "Thursday|Friday|Saturday|Sunday|Christmas|Easter|Q[1-4]|AM|PM|CET|UTC|GMT|EST|PST|USD|EUR|GBP|AUD|CAD|CHF|JPY|INR"
)
_LANGUAGES = (
    "English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Russian|Chinese|Mandarin|Japanese|Korean|Arabic|"
    "Turkish|Hindi|Swedish|Danish|Norwegian|Finnish|Greek|Hebrew|Czech|Ukrainian"
)
_PLACES = (
    "Berlin|Hamburg|Munich|Frankfurt|Cologne|Vienna|Zurich|Geneva|London|Manchester|Edinburgh|Dublin|Paris|Lyon|"
    "Madrid|Barcelona|Lisbon|Porto|Rome|Milan|Amsterdam|Brussels|Copenhagen|Stockholm|Oslo|Helsinki|Warsaw|Prague|"
    "Budapest|Athens|Istanbul|Moscow|Kyiv|Dubai|Tel|Mumbai|Delhi|Bangalore|Singapore|Hong|Tokyo|Seoul|Beijing|"
    "Shanghai|Sydney|Melbourne|Toronto|Vancouver|Montreal|New|San|Los|Las|Chicago|Boston|Seattle|Austin|Denver|"
    "Dallas|Houston|Miami|Atlanta|Portland|Washington|Philadelphia|Phoenix|Mexico|Brazil|Argentina|Chile|Canada|"
    "Texas|California|Florida|Ohio|Europe|Asia|Africa|America|Australia|Germany|Austria|Switzerland|France|Spain|"
    "Portugal|Italy|Greece|Turkey|Poland|Ireland|England|Scotland|Wales|Britain|UK|US|USA|EU|Netherlands|Holland|"
    "Belgium|Denmark|Sweden|Norway|Finland|Russia|Ukraine|India|China|Japan|Korea|Israel|Egypt|South|North|East|West"
)
_TOOLS = (
    "Linux|Windows|Ubuntu|Debian|Mac|MacOS|Android|iOS|iPhone|Chrome|Firefox|Safari|Edge|Python|Java|JavaScript|"
    "TypeScript|Rust|Go|Node|React|Vue|Angular|Postgres|PostgreSQL|MySQL|SQLite|Redis|Docker|Kubernetes|Git|GitHub|"
    "GitLab|AWS|Azure|Excel|Word|PDF|CSV|JSON|XML|HTTP|HTTPS|SSL|TLS|VPN|SSO|API|Wi|WiFi|Zoom|Teams|Skype|"
    "Plan|Phase|Step|Version|Room|Building|Floor|Gate|Terminal|Option|Standard|Pro|Premium|Enterprise|Business|Basic|"
    "Dark|Mr|Mrs|Ms|Dr|I|A|The|This|It|We|You|My|Our|Your|Her|His|Their|HR|IT|CEO|CTO|CFO"
)
_NAME = rf"(?!(?:{_TIMES}|{_LANGUAGES}|{_PLACES}|{_TOOLS})\b)[A-Z][A-Za-z]+"
_FIRM = (
    r"(?i:\b(?:we|they|us|company|teams?|boss|manager|management|board|customers?|clients?|departments?|offices?|"
    r"colleagues|ceo|cto|cfo)\b)"
)
"""Firms move to vendors; a single person moves to a place."""
_ANYBODY = rf"(?:{_FIRM}|\bI\b)"
_PLAN = (
    r"(?:['’](?:ll|re|m|ve)|(?: (?:will|would|shall|may|might|could|must|have|has|had|are|am|is|wants?|needs?|plans?|"
    r"decided|intends?|going|planning|thinking|considering|ready|about|likely|to|of|us|be|been|seriously|all|already|"
    r"probably|also|now|then|just|simply|rather|soon|better|currently|even)))"
)
_TO = r"(?: (?:over|everything|everyone|our data|our team|back|away|completely)){0,2} to"
_SWITCH = (
    rf"(?:switch(?:es|ed|ing)?|migrat(?:e|es|ed|ing)|chang(?:e|ed|ing) over|defect(?:ed|ing)?){_TO}|"
    rf"(?:replac(?:e|ing)) (?:you|your \w{{1,20}}) (?:with|by)|"
    rf"(?:cancel|cancelling|canceling|drop|dropping|ditch|ditching|dump|dumping|leave|leaving) you for"
)
_MOVE = rf"(?:mov(?:e|ed|ing)|chang(?:e|ed|ing)|go over|going over){_TO}|(?:leave|leaving|left) for"
_LEAVING = re.compile(rf"(?:{_ANYBODY}{_PLAN}{{0,6}} (?:{_SWITCH})|{_FIRM}{_PLAN}{{0,6}} (?:{_MOVE})) {_NAME}")
_WANTED = re.compile(r"switch|migrat|mov|chang|defect|go|lea?v|left|cancel|drop|ditch|dump|replac")


def leaving_for_a_name(sentence: str) -> bool:
    """Does somebody leave, switch or move to a party that is named?"""
    head = sentence[:MAX_TEXT]
    return _WANTED.search(head) is not None and _LEAVING.search(head) is not None
