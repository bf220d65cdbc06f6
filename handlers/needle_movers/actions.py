"""What follows from a needle mover, by rules on its status, kind, impact and evidence. Pure."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from needlework.handlers.needle_movers.summaries import Quote
from needlework.handlers.words import content_hash, shorten

HIGH = 40
"""Impact from which on people should hear of it."""
WORTH_A_LOOK = 20
"""Impact from which on an opportunity is worth a task."""
FOLLOW_UP_DAYS = 7
CONFIRMED = ("active", "in_progress")
VERBS = {"issue": "Fix", "risk": "Look into the risk", "opportunity": "Look into"}
TITLE = 80
_FILLER = re.compile(r"^(?:yes|no|and|but|so|well|hi|hello)\b[,.]?\s+(?=\S)", re.IGNORECASE)


class Facts(NamedTuple):
    """A needle mover as its actions see it. `quotes` are its linked evidence, the weightiest first."""

    id: str
    title: str
    kind: str
    status: str
    impact: int
    owner_id: str | None
    summary: str
    quotes: Sequence[Quote]
    places: dict[str, dict[str, Any]]
    """By evidence: content_label_id, account_id, conversation_id."""
    alike: Sequence[tuple[str, str, float]] = ()
    """Other movers that may be the same: id, title, similarity."""
    channels: Sequence[str] = ()
    """Channels of Slack that want needle movers."""
    repository: str = ""
    """Where issues are opened, `owner/name`; empty where the workspace names none."""
    tracked: bool = False
    """Whether the matter is on GitHub already: as a key of the mover's rules, or as a conversation of its evidence."""


class Proposal(NamedTuple):
    """One action that should be there."""

    type: str
    target: str
    params: dict[str, Any]
    reversible: bool
    reason: str
    once: bool = False
    """Whether it comes once a mover and target, whatever evidence comes later."""

    def fingerprint(self, mover: str, evidence: str) -> str:
        """Names it: the same mover, type, target and evidence is the same action."""
        return content_hash(mover, self.type, self.target, "" if self.once else evidence)


def evidence_name(quotes: Sequence[Quote]) -> str:
    """Names a set of evidence."""
    return content_hash(sorted(each.id for each in quotes))


def derive(facts: Facts) -> list[Proposal]:
    """Everything that follows; a mover that nobody has confirmed gets a suggested task and merge proposals alone."""
    found = [*_task(facts), *_merges(facts)]
    if facts.status in CONFIRMED:
        found += [*_reply(facts), *_follow_up(facts), *_notice(facts), *_posts(facts), *_issue(facts)]
    return found


def _task(facts: Facts) -> list[Proposal]:
    worth = facts.kind in ("issue", "risk") or (facts.kind == "opportunity" and facts.impact >= WORTH_A_LOOK)
    if not worth or not facts.quotes:
        return []
    place = facts.places[(_in_words(facts) or facts.quotes)[0].id]
    params = {"title": _task_title(facts), "body": _body(facts), "account_id": place["account_id"]}
    params["content_label_id"] = place["content_label_id"]
    return [Proposal("create_task", facts.id, params, True, f"{facts.kind} with an impact of {facts.impact}")]


def _in_words(facts: Facts) -> list[Quote]:
    """The evidence whose words are the mover's title."""
    title = facts.title.rstrip("…").lower()
    return [each for each in facts.quotes if title in " ".join(each.text.split()).lower()]


def _task_title(facts: Facts) -> str:
    """What is to be done; a risk in a customer's own words is somebody to talk to."""
    said = _in_words(facts)
    title = _FILLER.sub("", facts.title)
    title = title[:1].upper() + title[1:]
    if facts.kind != "risk" or not said:
        return shorten(f"{VERBS[facts.kind]}: {title}", TITLE)
    talk = f"Talk to {shorten(said[0].who or 'the customer', TITLE // 3)}: “"
    return f"{talk}{shorten(title, TITLE - len(talk) - 1)}”"


def _reply(facts: Facts) -> list[Proposal]:
    """A draft for the conversation in which it was said worst."""
    if facts.kind not in ("issue", "risk"):
        return []
    for quote in facts.quotes:
        conversation = facts.places[quote.id]["conversation_id"]
        if conversation is not None:
            text = (
                f"Hello,\n\nthank you for telling us:\n\n> {quote.text}\n\n"
                f"We are looking into it ({facts.title}) and will come back to you.\n"
            )
            params = {"title": f"Draft reply: {facts.title}"[:200], "body": text, "conversation_id": conversation}
            return [Proposal("draft_reply", conversation, params, True, "said worst there", once=True)]
    return []


def _follow_up(facts: Facts) -> list[Proposal]:
    if facts.status != "in_progress":
        return []
    params = {"title": f"Follow up: {facts.title}"[:TITLE], "days": FOLLOW_UP_DAYS}
    return [Proposal("schedule_follow_up", facts.id, params, True, "in progress", once=True)]


def _notice(facts: Facts) -> list[Proposal]:
    if facts.owner_id is None or not (facts.kind == "risk" or facts.impact >= HIGH):
        return []
    params = {"title": f"For {facts.owner_id}: {facts.title}"[:200], "body": _body(facts)}
    return [Proposal("notify_owner", facts.owner_id, params, False, f"impact {facts.impact}", once=True)]


def _posts(facts: Facts) -> list[Proposal]:
    """A message for each channel that wants to hear of what weighs much."""
    if facts.impact < HIGH or not facts.quotes:
        return []
    title = f"{facts.kind.capitalize()}, impact {facts.impact}: {facts.title}"[:200]
    quotes = [each._replace(text=_plain(each.text), who=_plain(each.who or "")) for each in facts.quotes]
    body = _body(facts._replace(summary=_plain(facts.summary), quotes=quotes))
    return [
        Proposal("post_slack", each, {"title": title, "body": body, "channel": each}, True, f"impact {facts.impact}")
        for each in facts.channels
    ]


def _plain(text: str) -> str:
    """Text in Markdown in which no link of a customer's has other words than its address: nobody looked at it."""
    return re.sub(r"[\\\[\]]", r"\\\g<0>", text)


def _issue(facts: Facts) -> list[Proposal]:
    """A defect that is not on GitHub yet. What is said there may be read by everybody: who said it stays out."""
    if facts.kind != "issue" or not facts.quotes or not facts.repository or facts.tracked:
        return []
    said = "\n".join(f"> {_tame(each.text)}\n" for each in facts.quotes[:5])
    count = len(facts.quotes)
    body = f"Customers said so ({count} statement{'s' if count > 1 else ''}), for example:\n\n{said}"
    params = {"title": _tame(facts.title)[:200], "body": body, "repository": facts.repository}
    return [Proposal("open_github_issue", facts.repository, params, False, "a defect that customers report", True)]


def _tame(text: str) -> str:
    """Text that calls nobody, links nothing and hides nothing where it is read as Markdown."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([@#!\[\]`]|:(?=//)|\bwww(?=\.)|\bGH(?=-\d))", "\\1\u200b", plain, flags=re.IGNORECASE)


def _merges(facts: Facts) -> list[Proposal]:
    return [
        Proposal("merge", other, {"into": other, "title": title, "similarity": near}, False, f"{near:.2f} alike", True)
        for other, title, near in facts.alike
    ]


def _body(facts: Facts) -> str:
    said = "\n".join(f"- {each.who or 'Somebody'}: “{each.text}”" for each in facts.quotes[:5])
    return f"{facts.summary}\n\n{said}\n\nNeedle mover {facts.id}, impact {facts.impact}".strip()
