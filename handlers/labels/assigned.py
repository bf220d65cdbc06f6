"""Somebody with a name is to do something: "Lena to write the changelog", "Tom will ask them", "@bob please review".

A name is told by its capital, and what is to be done by a verb that orders begin with. Reads the sentence as written,
at most `MAX_TEXT` characters; each gap is bounded.
"""

import re

from needlework.handlers.text.verbs import NO_NAMES, VERBS

LABELS = frozenset({"action_items"})
MAX_TEXT = 700
_ONE = r"(?:[A-ZÀ-Þ]['’])?[A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-ZÀ-Þ][a-zà-ÿ]+)?"
_LED = (
    r"^\W{0,6}(?:\[ ?\]\W{1,3})?(?:(?:[Aa]nd|[Ss]o|[Tt]hen|[Oo]kay|[Oo]k|OK|[Aa]lso|[Yy]es|[Rr]ight|"
    r"[Aa]ctions?(?: [Ii]tems?)?|ACTION|AI|T[Oo][Dd][Oo]|[Ww]e agreed(?: that)?)\W{1,3})?"
)
_NAMED = re.compile(
    rf"{_LED}(?P<name>{_ONE}(?: {_ONE})?(?: (?:and|&) {_ONE})?)(?: (?:to|will|shall|(?:is|are) (?:going )?to|needs? to|"
    rf"ha(?:s|ve) to|must|should|(?:has |have )?(?:agreed|promised|offered|volunteered) to) |, you(?:'ll)? |[:,] |"
    rf" [–-]+ )"
    rf"(?:(?:please|also|then) )?(?P<verb>[a-z]+(?:-[a-z]+)?)\b"
)
_NOTHING_TO_DO = frozenset(
    {"attend", "come", "continue", "get", "join", "learn", "let", "meet", "receive", "understand"}
)
"""What people do by themselves: "Jo will join us" gives Jo nothing to do."""
_MENTION = re.compile(
    r"(?:^|\s)@[\w.-]{1,40}\s?(?:[,:–-]\s?)?"
    r"(?:(?:please|pls|plz|can you|could you|would you)\b|(?P<verb>[a-z]+(?:-[a-z]+)?)\b)",
    re.IGNORECASE,
)


def assigned(sentence: str) -> bool:
    """Does the sentence give something to do to somebody whom it names?"""
    head = " ".join(sentence[:MAX_TEXT].split())
    mention = _MENTION.search(head)
    if mention is not None and (mention["verb"] is None or mention["verb"].lower() in VERBS):
        return True
    found = _NAMED.match(head)
    if found is None or found["verb"] not in VERBS - _NOTHING_TO_DO or "?" in head:
        return False
    return not any(word in NO_NAMES or word.lower() in VERBS for word in found["name"].split())
