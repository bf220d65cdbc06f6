"""Labels as needle movers and tasks get them: who said it, when, for which account, and nothing of others."""

from typing import Any

import pytest
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput
from needlework.handlers.labels.messages import (
    DecideContentLabel,
    LabelEvidence,
    LabelRange,
    LabelsInRange,
    LabelsOfContent,
)
from needlework.handlers.notes.messages import IngestNote

pytestmark = pytest.mark.anyio
Desk = Any
RISK = "We are seriously considering cancelling our subscription."
ASK = "Could you please send me the contract by Friday?"


async def talk(desk: Desk, id: str = "conv_1") -> None:
    await desk(IngestAccount(id="acct_1", name="Larkfield", domains=["larkfield.example"]))
    said = [
        MessageInput(text=RISK, sender="maren@larkfield.example", sent_at="2025-12-30T10:00:00Z", external_id="1"),
        MessageInput(text=ASK, sender="Jo", sent_at="2025-12-31T10:00:00Z", external_id="2"),
    ]
    await desk(IngestConversation(id=id, messages=said))
    await desk.drain()


async def of(desk: Desk, content: str, kind: str = "conversation") -> dict[str, LabelEvidence]:
    found = await desk.bus.query(
        LabelsOfContent(content_type=kind, content_id=content), workspace=desk.workspace, principal="test"
    )
    return {each.label: each for each in found}


async def page(desk: Desk, **fields: Any) -> LabelRange:
    found = await desk.bus.query(LabelsInRange(**fields), workspace=desk.workspace, principal="test")
    assert isinstance(found, LabelRange)
    return found


async def test_a_label_tells_who_said_it_when_and_for_which_account(desk: Desk) -> None:
    await talk(desk)
    found = await of(desk, "conv_1")
    risk, ask = found["churn_risk"], found["action_items"]
    assert (risk.account_id, risk.sender, risk.sent_at) == ("acct_1", "maren@larkfield.example", "2025-12-30T10:00:00Z")
    assert (risk.severity, risk.needle_relevant, risk.task_type) == (3.0, True, None)
    assert (ask.sender, ask.severity, ask.task_type) == ("Jo", 1.0, "follow_up")


async def test_a_notes_label_has_its_author_and_the_account_of_its_conversation(desk: Desk) -> None:
    await talk(desk)
    saved = await desk(IngestNote(body_md=RISK, author="Jo", conversation_id="conv_1"))
    await desk.drain()
    risk = (await of(desk, saved["id"], "note"))["churn_risk"]
    assert (risk.account_id, risk.sender, risk.sent_at) == ("acct_1", "Jo", "2026-01-01T00:00:00Z")


async def test_rejected_labels_and_other_workspaces_are_left_out(desk: Desk) -> None:
    await talk(desk)
    found = await of(desk, "conv_1")
    await desk(DecideContentLabel(id=found["churn_risk"].id, state="rejected"))
    assert "churn_risk" not in await of(desk, "conv_1")
    other = await desk.other("other")
    assert await of(other, "conv_1") == {}
    assert (await page(other)).total == 0


async def test_a_range_is_read_in_pages_that_hold_each_label_once(desk: Desk) -> None:
    await talk(desk)
    await talk(desk, "conv_2")
    seen, after = [], None
    while True:
        found = await page(desk, after=after, limit=2)
        seen += [each.id for each in found.items]
        after = found.next_after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == found.total
    assert {each.content_id for each in (await page(desk)).items} == {"conv_1", "conv_2"}
    now = desk.clock.now() // 1_000_000
    assert (await page(desk, from_=now - 10, until=now)).total == 0
