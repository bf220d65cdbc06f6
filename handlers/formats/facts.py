"""Facts about a mail that its headers state: no model, no guess."""

import re
from typing import Any, Final

from needlework.handlers.formats import charset, header
from needlework.handlers.formats.body import Mail, parts

NOREPLY: Final = re.compile(
    r"(?:^|[^a-z])(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer-daemon|postmaster|bounces?|unattended)(?:[^a-z]|$)"
)
REPLY: Final = re.compile(r"^\s*(?:re|aw|antw|sv|vs|odp|ref|rv|回复|答复|回覆)\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
METHOD: Final = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)
COMMENT: Final = re.compile(r"\([^()]*\)")
STATUS: Final = re.compile(r"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
ANGLED: Final = re.compile(r"<([^<>]{1,2000})>")
MOST_REFERENCES: Final = 50


def read(message: Mail, sender: str, subject: str) -> dict[str, Any]:
    """All facts of a mail; those that are empty are left out, is_noreply and is_reply always stand."""
    local, _, domain = sender.rpartition("@")
    references = header.ids(value(message, "references"))[-MOST_REFERENCES:]
    answered = header.ids(value(message, "in-reply-to"))
    found: dict[str, Any] = {
        "is_noreply": bool(NOREPLY.search(local)),
        "is_reply": bool(references or answered or REPLY.match(subject)),
        "domain": domain.rstrip("."),
        "authentication": authentication(message),
        "references": references,
        "is_bounce": message.get_content_type() == "multipart/report" and _report(message) == "delivery-status",
        "bounce_status": bounce_status(message),
        **lists(message),
    }
    return {name: each for name, each in found.items() if each or name in ("is_noreply", "is_reply")}


def value(message: Mail, name: str) -> str:
    """All values of a header on one line each, joined by a space."""
    return " ".join(header.unfold(each) for each in message.get_all(name, [])[:20])


def lists(message: Mail) -> dict[str, Any]:
    """What mailing lists and mailers say about themselves."""
    name = header.words(message.get("list-id") or "")
    angled = ANGLED.search(name)
    automatic = re.split(r"[;(]", charset.clean(value(message, "auto-submitted")))[0].strip().lower()
    unsubscribe = charset.clean(value(message, "list-unsubscribe"))
    return {
        "list_id": (angled[1] if angled else name).strip().lower()[:255],
        "list_unsubscribe": [each.strip() for each in ANGLED.findall(unsubscribe)][:5],
        "list_unsubscribe_one_click": "one-click" in value(message, "list-unsubscribe-post").lower(),
        "precedence": charset.clean(value(message, "precedence")).strip().lower()[:40],
        "auto_submitted": "" if automatic == "no" else automatic[:40],
    }


def authentication(message: Mail) -> dict[str, str]:
    """SPF, DKIM and DMARC by the topmost Authentication-Results.

    Only the receiving server writes above what came with the mail, so results by other names further down
    (which a sender may forge) do not count. Of several results of one method a pass stands.
    """
    found: dict[str, str] = {}
    authority: str | None = None
    for raw in message.get_all("authentication-results", [])[:20]:
        text = COMMENT.sub(" ", COMMENT.sub(" ", charset.clean(header.unfold(raw))))
        name, _, results = text.partition(";")
        by = " ".join(name.split()[:1]).lower()[:255]
        if authority is None:
            authority = by
        if by != authority:
            break
        for method, result in METHOD.findall(results):
            if found.get(method.lower()) != "pass":
                found.setdefault(method.lower(), result.lower())
                if result.lower() == "pass":
                    found[method.lower()] = "pass"
    if "spf" not in found:
        received = charset.clean(value(message, "received-spf")).split()
        if received and received[0].isalpha():
            found["spf"] = received[0].lower()[:20]
    return found | ({"by": authority} if found and authority else {})


def _report(message: Mail) -> str:
    """The report type of a multipart/report; where it is not said, its second part's type."""
    named = re.search(r"report-type\s*=\s*\"?([\w-]+)", value(message, "content-type"), re.IGNORECASE)
    if named:
        return named[1].lower()
    parts = [each.get_content_type() for each in message.walk()]
    return "delivery-status" if "message/delivery-status" in parts else ""


def bounce_status(message: Mail) -> str:
    """The first status code (RFC 3463) of a delivery report."""
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for each in parts(part):
            found = STATUS.match("Status: " + value(each, "status").strip())
            if found:
                return found[1]
    return ""
