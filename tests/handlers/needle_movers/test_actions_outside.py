"""What follows outside: messages to Slack, once and taken back; issues on GitHub, by a person's approval alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from needlework.bus.peers import Peer
from needlework.handlers.needle_movers.action_messages import ApproveAction, ListActions, ProcessActions, UndoAction
from needlework.handlers.needle_movers.messages import MatchingRules, UpdateNeedleMover
from needlework.handlers.slack.messages import SubscribeChannel, UnsubscribeChannel
from needlework.handlers.system.bulk_messages import ListAudit
from needlework.handlers.tasks.messages import ListTasks
from needlework.tests.crash.fake_slack import FakeSlack, fake_slack
from needlework.tests.handlers.github.fake_github import FakeGitHub, github_of
from needlework.tests.handlers.needle_movers import kit

pytestmark = pytest.mark.anyio
Desk = Any


@pytest.fixture
def slack(desk: Desk) -> Iterator[FakeSlack]:
    with fake_slack() as (fake, address):
        desk.bus.controls.peers["slack", "default"] = Peer(address, lambda: "xoxb-test")
        yield fake


@pytest.fixture
def github(desk: Desk) -> Iterator[FakeGitHub]:
    with github_of(desk) as fake:
        yield fake


async def confirmed(desk: Desk, say: Any, **fields: Any) -> str:
    """A needle mover of three accounts that a person has confirmed as weighty."""
    found = await kit.emerged(desk, say)
    await desk(UpdateNeedleMover(id=found["id"], **{"status": "active", "impact_override": 60, **fields}))
    await desk.drain()
    return str(found["id"])


async def action(desk: Desk, mover: str, type_: str) -> dict[str, Any]:
    (found,) = [each for each in (await desk(ListActions(id=mover)))["items"] if each["type"] == type_]
    return dict(found)


async def audited(desk: Desk, target: str) -> list[str]:
    found = (await desk(ListAudit(limit=200)))["items"]
    return [each["action"] for each in found if each["target"] == target][::-1]


async def passing(desk: Desk, seconds: float = 20.0) -> None:
    """Let time pass, and what is due then run."""
    for _ in range(3):
        desk.clock.advance(seconds)
        await desk.drain()


async def passing_long(desk: Desk) -> None:
    """Let so much time pass that whatever is tried again was tried often enough."""
    for _ in range(8):
        await passing(desk, 1000)


def said(slack: FakeSlack) -> list[str]:
    """What stands in the channel."""
    return ["\n".join(block["text"]["text"] for block in each["blocks"]) for each in slack.channels.get("C01", [])]


async def test_a_channel_that_wants_them_hears_once_of_what_weighs_much(desk: Desk, say: Any, slack: Any) -> None:
    await desk(SubscribeChannel(id="C01", notes=(), needle_movers=True))
    await desk(SubscribeChannel(id="C02"))
    mover = await confirmed(desk, say)
    await desk(ProcessActions(id=mover))
    await passing(desk)
    found = await action(desk, mover, "post_slack")
    assert (found["status"], found["target"], found["reversible"]) == ("executed", "C01", True)
    assert found["result"]["slack_ts"] == slack.channels["C01"][0]["ts"]
    (text,) = said(slack)
    assert "Issue, impact 60" in text
    assert "CSV" in text
    assert "C02" not in slack.channels
    assert await audited(desk, found["id"]) == ["action.approved", "action.executed"]


@pytest.mark.parametrize("sign", ["", "\\"])
async def test_a_link_of_a_customer_s_says_in_slack_where_it_leads(desk: Desk, say: Any, slack: Any, sign: str) -> None:
    """It is posted without anybody's look, by us: words that name one host led to another."""
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = await confirmed(desk, say)
    link = f"{sign}[https://status.acme.test](https://evil.example/login)"
    await say("acme", f"The CSV export fails with an error at {link} for more than 1,000 rows.")
    await desk(ProcessActions(id=mover))
    await passing(desk)
    (text,) = [each for each in said(slack) if "evil" in each]
    assert "|" not in text
    assert "<https://evil.example/login>" in text


async def test_a_message_is_taken_back_by_editing_it(desk: Desk, say: Any, slack: Any) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = await confirmed(desk, say)
    await passing(desk)
    posted = await action(desk, mover, "post_slack")
    assert (await desk(UndoAction(id=posted["id"])))["status"] == "undone"
    await desk.drain()
    await passing(desk)
    assert said(slack) == ["*(withdrawn)*\n\nA person has taken this message back."]
    undone = await action(desk, mover, "post_slack")
    assert (undone["status"], undone["result"]["withdrawal"]["status"]) == ("undone", "sent")
    assert slack.methods() == ["chat.postMessage", "chat.update"]


async def test_what_was_not_posted_yet_is_never_posted_once_it_is_taken_back(desk: Desk, say: Any, slack: Any) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    slack.script("429:60")
    mover = await confirmed(desk, say)
    waiting = await action(desk, mover, "post_slack")
    assert waiting["status"] == "approved"
    await desk(UndoAction(id=waiting["id"]))
    await desk.drain()
    await passing(desk, 100)
    assert said(slack) == []
    assert (await action(desk, mover, "post_slack"))["status"] == "undone"


async def test_a_post_that_fails_says_why_and_goes_again(desk: Desk, say: Any, slack: Any) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    slack.script("no:not_in_channel")
    mover = await confirmed(desk, say)
    await passing(desk)
    failed = await action(desk, mover, "post_slack")
    assert (failed["status"], failed["result"]["error"]) == ("failed", "not_in_channel")
    assert (await audited(desk, failed["id"]))[-1] == "action.failed"
    await desk(ApproveAction(id=failed["id"]))
    await desk.drain()
    await passing(desk)
    again = await action(desk, mover, "post_slack")
    assert (again["status"], len(said(slack)), "error" in again["result"]) == ("executed", 1, False)


async def test_a_post_without_a_connection_fails_and_says_what_to_write(desk: Desk, say: Any) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = await confirmed(desk, say)
    await passing(desk)
    failed = await action(desk, mover, "post_slack")
    assert failed["status"] == "failed"
    assert "[secrets] slack = { env" in failed["result"]["error"]
    await desk(UnsubscribeChannel(id="C01"))
    assert (await desk(UndoAction(id=failed["id"])))["status"] == "undone"


async def test_nothing_is_posted_of_what_weighs_little_or_nobody_confirmed(desk: Desk, say: Any, slack: Any) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = (await kit.emerged(desk, say))["id"]
    await desk(UpdateNeedleMover(id=mover, impact_override=90))
    await desk(ProcessActions(id=mover))
    await desk(UpdateNeedleMover(id=mover, impact_override=39, status="active"))
    await desk.drain()
    await passing(desk)
    assert slack.calls == []


async def with_repository(desk: Desk) -> None:
    await desk.bus.workspaces.set_config(desk.workspace, {"github_repository": "acme/app"}, "test")


async def test_an_issue_waits_for_a_person_and_is_opened_once(desk: Desk, say: Any, github: Any) -> None:
    await with_repository(desk)
    mover = await confirmed(desk, say)
    proposed = await action(desk, mover, "open_github_issue")
    assert (proposed["status"], proposed["target"], github.calls) == ("proposed", "acme/app", [])
    github.script("lost")
    for _ in range(3):
        assert (await desk(ApproveAction(id=proposed["id"])))["status"] == "approved"
    assert await desk.refusal(UndoAction(id=proposed["id"])) == (409, "irreversible")
    await desk.drain()
    await passing(desk)
    done = await action(desk, mover, "open_github_issue")
    assert (done["status"], done["result"]["reference"]) == ("executed", "acme/app#1")
    assert done["result"]["url"] == "https://github.com/acme/app/issues/1"
    assert len(github.issues["acme/app"]) == 1
    assert await desk(ApproveAction(id=proposed["id"])) == done
    assert await desk.refusal(UndoAction(id=proposed["id"])) == (409, "irreversible")
    assert await audited(desk, proposed["id"]) == ["action.proposed", "action.approved", "action.executed"]
    tasks = (await desk(ListTasks(needle_mover_id=mover)))["items"]
    assert [each["external_ref"] for each in tasks] == ["acme/app#1"]


async def test_new_evidence_proposes_no_second_issue(desk: Desk, say: Any, github: Any) -> None:
    await with_repository(desk)
    mover = await confirmed(desk, say)
    first = await action(desk, mover, "open_github_issue")
    await desk(ApproveAction(id=first["id"]))
    await say("acme", "CSV export still fails with an error for tables with many rows.")
    await desk(ProcessActions(id=mover))
    await passing(desk)
    assert (await action(desk, mover, "open_github_issue"))["id"] == first["id"]
    assert len(github.issues["acme/app"]) == 1


async def test_an_issue_says_what_was_said_and_not_by_whom(desk: Desk, say: Any, github: Any) -> None:
    await with_repository(desk)
    mover = await confirmed(desk, say, title="Exports <b>fail</b> for @everyone")
    await desk(ApproveAction(id=(await action(desk, mover, "open_github_issue"))["id"]))
    await passing(desk)
    (issue,) = github.issues["acme/app"]
    assert issue["title"] == "Exports &lt;b>fail&lt;/b> for @\u200beveryone"
    assert "CSV" in issue["body"]
    assert not any(name in issue["body"] for name in ("acme", "blue", "cato", "someone"))


async def test_an_issue_links_nothing_that_a_customer_wrote(desk: Desk, say: Any, github: Any) -> None:
    """GitHub makes a link of a bare address, and notes on another's issue that it was named."""
    await with_repository(desk)
    mover = await confirmed(desk, say, title="See https://evil.example, www.evil.example and GH-12")
    await desk(ApproveAction(id=(await action(desk, mover, "open_github_issue"))["id"]))
    await passing(desk)
    (issue,) = github.issues["acme/app"]
    assert issue["title"] == "See https:\u200b//evil.example, www\u200b.evil.example and GH\u200b-12"


async def test_a_refused_issue_has_failed_with_the_reason_and_may_be_approved_again(
    desk: Desk, say: Any, github: Any
) -> None:
    await with_repository(desk)
    mover = await confirmed(desk, say)
    proposed = await action(desk, mover, "open_github_issue")
    github.script("401")
    await desk(ApproveAction(id=proposed["id"]))
    await passing(desk)
    failed = await action(desk, mover, "open_github_issue")
    assert failed["status"] == "failed"
    assert "refused the token" in failed["result"]["error"]
    await desk(ApproveAction(id=proposed["id"]))
    await passing(desk)
    assert (await action(desk, mover, "open_github_issue"))["status"] == "executed"


async def test_an_issue_that_ended_as_a_dead_letter_is_opened_by_approving_it_again(
    desk: Desk, say: Any, github: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Story: the action was under way for ever; nothing but a redrive, while the letter was there, could end it."""
    await with_repository(desk)
    mover = await confirmed(desk, say)
    proposed = await action(desk, mover, "open_github_issue")

    async def broken(*_: object) -> Any:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("needlework.handlers.github.client.create", broken)
        patch.setattr("needlework.handlers.github.client.find", broken)
        await desk(ApproveAction(id=proposed["id"]))
        await passing(desk, 8 * 1800)
    assert (await action(desk, mover, "open_github_issue"))["status"] == "approved"
    await desk(ApproveAction(id=proposed["id"]))
    await passing(desk)
    assert (await action(desk, mover, "open_github_issue"))["status"] == "executed"
    assert len(github.issues["acme/app"]) == 1


async def test_no_issue_is_proposed_where_there_is_one_or_nowhere_to_open_it(desk: Desk, say: Any, github: Any) -> None:
    mover = await confirmed(desk, say)
    assert "open_github_issue" not in {each["type"] for each in (await desk(ListActions(id=mover)))["items"]}
    await with_repository(desk)
    await desk(UpdateNeedleMover(id=mover, rules=MatchingRules(external_keys=("acme/app#7",))))
    await desk(ProcessActions(id=mover))
    assert "open_github_issue" not in {each["type"] for each in (await desk(ListActions(id=mover)))["items"]}
    assert github.calls == []


async def test_a_post_that_was_skipped_goes_again(desk: Desk, say: Any, slack: Any) -> None:
    """The channel wanted nothing for a moment: the action was under way for ever, whoever approved it."""
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    slack.script("429:60")
    mover = await confirmed(desk, say)
    await desk(UnsubscribeChannel(id="C01"))
    await passing(desk, 60)
    skipped = await action(desk, mover, "post_slack")
    assert (skipped["status"], skipped["result"]["error"]) == ("failed", "unsubscribed")
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    await desk(ApproveAction(id=skipped["id"]))
    await passing(desk)
    assert ((await action(desk, mover, "post_slack"))["status"], len(said(slack))) == ("executed", 1)


async def test_a_post_that_slack_never_answers_is_given_up_and_goes_again(desk: Desk, say: Any, slack: Any) -> None:
    """It became a dead letter, and the action stayed under way."""
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    slack.behave = lambda *_: "lost"
    mover = await confirmed(desk, say)
    await passing_long(desk)
    failed = await action(desk, mover, "post_slack")
    assert failed["status"] == "failed"
    assert failed["result"]["error"].startswith("unknown outcome, given up: ")
    slack.script()
    await desk(ApproveAction(id=failed["id"]))
    await passing(desk)
    assert ((await action(desk, mover, "post_slack"))["status"], len(said(slack))) == ("executed", 1)


async def test_a_post_that_ended_as_a_dead_letter_goes_again_by_approving_it(
    desk: Desk, say: Any, slack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))

    async def broken(*_: object) -> Any:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("needlework.handlers.slack.client.post", broken)
        mover = await confirmed(desk, say)
        await passing_long(desk)
    dead = await action(desk, mover, "post_slack")
    assert dead["status"] == "approved"
    for _ in range(2):
        await desk(ApproveAction(id=dead["id"]))
        await passing(desk)
        assert ((await action(desk, mover, "post_slack"))["status"], len(said(slack))) == ("executed", 1)


async def test_a_message_is_taken_back_though_the_channel_wants_nothing_more(desk: Desk, say: Any, slack: Any) -> None:
    """The action was undone, and what a customer had said stood in Slack for ever."""
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = await confirmed(desk, say)
    await passing(desk)
    posted = await action(desk, mover, "post_slack")
    await desk(UnsubscribeChannel(id="C01"))
    await desk(UndoAction(id=posted["id"]))
    await passing(desk)
    assert said(slack) == ["*(withdrawn)*\n\nA person has taken this message back."]


async def test_what_takes_a_message_back_waits_through_the_end_of_a_subscription(
    desk: Desk, say: Any, slack: Any
) -> None:
    await desk(SubscribeChannel(id="C01", needle_movers=True))
    mover = await confirmed(desk, say)
    await passing(desk)
    slack.script("429:60")
    await desk(UndoAction(id=(await action(desk, mover, "post_slack"))["id"]))
    await desk.drain()
    await desk(UnsubscribeChannel(id="C01"))
    await passing(desk, 60)
    assert said(slack) == ["*(withdrawn)*\n\nA person has taken this message back."]
