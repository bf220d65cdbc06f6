"""Delivery to Slack: once, in order, patiently; what cannot be delivered is told."""

from typing import Any

import pytest
from needlework.bus.sql import Statement
from needlework.handlers.reports.messages import CreateReport, ReportPublished, RunReport
from needlework.handlers.slack import client, deliver, store
from needlework.handlers.slack.messages import DeliverSlackMessage, RetryDelivery, SubscribeChannel, UnsubscribeChannel

pytestmark = pytest.mark.anyio
Office = Any


def texts(office: Office, channel: str = "C01") -> list[str]:
    """What stands in a channel."""
    found = office.slack.channels.get(channel, [])
    return ["\n".join(block["text"]["text"] for block in each["blocks"]) for each in found]


async def test_a_published_note_is_posted_once_however_often_it_is_told(office: Office) -> None:
    for _ in range(3):
        await office.publish("Ship on **Monday**.")
    assert texts(office) == ["*Weekly*\n\nShip on *Monday*."]
    (delivery,) = await office.deliveries()
    assert (delivery["status"], delivery["attempts"], delivery["note_version"]) == ("sent", 1, "v1")
    again = await office.desk(DeliverSlackMessage(delivery_id=delivery["id"]))
    assert again == {"status": "sent"}
    assert office.slack.methods() == ["chat.postMessage"]
    assert office.slack.tokens == {"Bearer xoxb-test"}


async def test_a_new_version_edits_the_message(office: Office) -> None:
    await office.publish("One.")
    await office.later(2)
    await office.publish("Two.")
    await office.later(2)
    assert texts(office) == ["*Weekly*\n\nTwo."]
    assert office.slack.methods() == ["chat.postMessage", "chat.update"]
    first, second = await office.deliveries()
    assert first["slack_ts"] == second["slack_ts"]


async def test_a_message_that_is_gone_is_posted_anew(office: Office) -> None:
    await office.publish("One.")
    await office.later(2)
    office.slack.channels["C01"].clear()
    await office.publish("Two.")
    await office.later(2)
    await office.later(2)
    assert texts(office) == ["*Weekly*\n\nTwo."]
    assert office.slack.methods() == ["chat.postMessage", "chat.update", "chat.postMessage"]


async def test_a_channel_gets_about_one_message_a_second(office: Office) -> None:
    for number in range(5):
        await office.publish("Text.", note=f"note_{number}")
    assert len(office.slack.calls) == 1
    for sent in range(2, 6):
        await office.later(1)
        assert len(office.slack.calls) == sent
    assert len(set(office.slack.deliveries())) == 5


async def test_patience_is_kept_as_long_as_slack_asks_and_no_longer_than_is_sane(office: Office) -> None:
    office.slack.script("429:30", "429:999999999", "429:soon")
    await office.publish("Text.")
    await office.later(29)
    assert len(office.slack.calls) == 1
    await office.later(1)
    assert len(office.slack.calls) == 2
    await office.later(899)
    assert len(office.slack.calls) == 2
    await office.later(2)
    assert len(office.slack.calls) == 3
    await office.later(30)
    assert len(office.slack.deliveries()) == 1
    assert [each["status"] for each in await office.deliveries()] == ["sent"]


async def test_while_slack_asks_for_patience_nothing_else_is_sent_to_the_channel(office: Office) -> None:
    office.slack.script("429:60")
    await office.publish("Text.")
    await office.publish("Text.", note="note_2")
    await office.later(59)
    assert len(office.slack.calls) == 1
    await office.later(1)
    await office.later(2)
    assert len(office.slack.deliveries()) == 2


@pytest.mark.parametrize(
    "error", ["channel_not_found", "not_in_channel", "is_archived", "invalid_auth", "what_nobody_knows"]
)
async def test_what_can_never_succeed_fails_visibly_and_is_not_repeated(office: Office, error: str) -> None:
    office.slack.script(f"no:{error}")
    await office.publish("Text.")
    await office.later(3600)
    (delivery,) = await office.deliveries()
    assert (delivery["status"], delivery["error"]) == ("failed", error)
    assert len(office.slack.calls) == 1
    await office.desk(RetryDelivery(id=delivery["id"]))
    await office.later(2)
    assert [each["status"] for each in await office.deliveries()] == ["sent"]
    assert await office.desk.refusal(RetryDelivery(id=delivery["id"])) == (409, "not_failed")


@pytest.mark.parametrize("asked", [False, True])
async def test_what_a_fault_of_ours_left_pending_goes_again_and_is_never_posted_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """What was to deliver it was a dead letter, the delivery pending for ever: 409, only a failed one can go again."""

    def broken(*_: Any) -> Any:
        raise RuntimeError("ours")

    if asked:
        office.slack.script("lost")
    monkeypatch.setattr(*((deliver, "_look") if asked else (deliver, "_unusable")), broken)
    await office.publish("Text.")
    for _ in range(12):
        await office.later(3600)
    (delivery,) = await office.deliveries()
    assert (delivery["status"], len(office.slack.deliveries())) == ("pending", int(asked))
    monkeypatch.undo()
    await office.later(3600)
    assert [each["status"] for each in await office.deliveries()] == ["pending"], "nobody works on it"
    assert (await office.desk(RetryDelivery(id=delivery["id"])))["status"] == "pending"
    await office.later(2)
    assert [each["status"] for each in await office.deliveries()] == ["sent"]
    assert office.slack.deliveries() == [delivery["id"]], "once"


@pytest.mark.parametrize(
    "outcome",
    ["lost", "drop", "no:internal_error", "raw:502:<html>", "raw:200:[]", "raw:200:" + "[" * 9000, "raw:302:moved",
     'raw:200:{"ok": true}', 'raw:200:{"ok": false, "error": "<!channel>"}', "raw:200:", "huge", "gzip"],
)  # fmt: skip
async def test_after_an_unknown_outcome_the_message_is_looked_for_before_it_is_posted(
    office: Office, outcome: str
) -> None:
    office.slack.channels["C01"] = [{"ts": f"1.{number}", "blocks": []} for number in range(5)]
    office.slack.script(outcome)
    await office.publish("Text.")
    assert office.slack.methods() == ["chat.postMessage"]
    await office.later(10)
    assert office.slack.methods() == ["chat.postMessage"], "it may still be arriving"
    await office.later(10)
    await office.later(10)
    (delivery,) = await office.deliveries()
    assert delivery["status"] == "sent"
    assert delivery["slack_ts"] == office.slack.channels["C01"][-1]["ts"]
    del office.slack.channels["C01"][:5]
    assert office.slack.deliveries() == [delivery["id"]], "once"
    assert ("chat.postMessage" in office.slack.methods()[1:]) == (outcome != "lost")


async def test_no_answer_in_time_is_an_unknown_outcome(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BOUNDS", client.BOUNDS._replace(total=1.0))
    office.slack.script("hang")
    await office.publish("Text.")
    (delivery,) = await office.deliveries()
    assert "longer than 1 s" in delivery["error"]
    monkeypatch.undo()
    await office.later(20)
    assert office.slack.methods() == ["chat.postMessage", "conversations.history"]
    assert [each["status"] for each in await office.deliveries()] == ["sent"]


async def test_where_the_outcome_can_never_be_known_nothing_is_sent_again(office: Office) -> None:
    office.slack.script("lost", "no:missing_scope")
    await office.publish("Text.")
    await office.later(20)
    await office.later(3600)
    (delivery,) = await office.deliveries()
    assert delivery["status"] == "failed"
    assert delivery["error"] == "unknown outcome, and the channel's history cannot be read: missing_scope"
    await office.desk(RetryDelivery(id=delivery["id"]))
    await office.later(2)
    (delivery,) = await office.deliveries()
    assert (delivery["status"], len(office.slack.deliveries())) == ("sent", 1), "it was looked for, and found"


async def test_a_slack_that_cannot_be_reached_is_tried_again(office: Office) -> None:
    peers, place = office.desk.bus.controls.peers, ("slack", "default")
    right = peers[place]
    peers[place] = type(right)("http://127.0.0.1:9/api/", right.secret)
    await office.publish("Text.")
    (delivery,) = await office.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)
    assert "cannot be reached" in delivery["error"]
    peers[place] = right
    await office.later(10)
    assert office.slack.methods() == ["chat.postMessage"], "it is certain that nothing was sent before"


async def test_versions_that_came_while_an_older_one_hung_are_one_message(office: Office) -> None:
    office.slack.script("lost")
    await office.publish("One.")
    await office.publish("Two.")
    await office.publish("Three.")
    for _ in range(12):
        await office.later(5)
    assert texts(office) == ["*Weekly*\n\nThree."]
    assert {each["status"] for each in await office.deliveries()} <= {"sent", "skipped"}


async def test_a_message_that_slack_finds_too_long_is_shortened_until_it_fits(office: Office) -> None:
    office.slack.script("no:msg_too_long", "no:msg_blocks_too_long")
    await office.publish("\n".join(f"Line {number}. " + "x" * 900 for number in range(40)))
    for _ in range(4):
        await office.later(2)
    (delivery,) = await office.deliveries()
    assert delivery["status"] == "sent"
    (text,) = texts(office)
    assert text.endswith("_… the rest is in needlework: note_1_")
    assert "Line 0." in text


async def test_without_a_token_a_delivery_says_what_to_write(office: Office) -> None:
    office.desk.bus.controls.peers.clear()
    await office.publish("Text.")
    (delivery,) = await office.deliveries()
    assert delivery["status"] == "failed"
    assert '[secrets] slack = { env = "SLACK_TOKEN" }' in delivery["error"]


async def test_only_what_a_channel_wants_is_sent_to_it(office: Office) -> None:
    await office.desk(SubscribeChannel(id="C02", notes=("manual",)))
    await office.desk(SubscribeChannel(id="C03"))
    await office.desk(UnsubscribeChannel(id="C01"))
    await office.publish("Text.")
    assert list(office.slack.channels) == ["C03"]
    assert await office.desk.refusal(UnsubscribeChannel(id="C01")) == (404, "not_found")


async def test_another_workspaces_slack_is_never_used(office: Office) -> None:
    await office.publish("Text.")
    (mine,) = await office.deliveries()
    stranger = type(office)(await office.desk.other("acme"), office.slack)
    await stranger.desk(SubscribeChannel(id="C01"))
    await stranger.publish("Secret.")
    (theirs,) = await stranger.deliveries()
    assert "slack_acme" in theirs["error"]
    assert len(office.slack.calls) == 1
    for message in (RetryDelivery(id=mine["id"]), DeliverSlackMessage(delivery_id=mine["id"])):
        assert await stranger.desk.refusal(message) == (404, "not_found")
    assert await office.desk.refusal(RetryDelivery(id=theirs["id"])) == (404, "not_found")


async def test_a_report_is_delivered_once_to_the_channels_that_want_it(office: Office) -> None:
    made = await office.desk(CreateReport(query="runner_health", name="Runners | *all*"))
    await office.desk(SubscribeChannel(id="C02", notes=(), reports=(made["id"],)))
    await office.desk(SubscribeChannel(id="C03", notes=(), reports=("*",)))
    await office.desk(SubscribeChannel(id="C04", notes=(), reports=("report_other",)))
    run = await office.desk(RunReport(id=made["id"]))
    await office.desk.drain()
    await office.desk.publish(ReportPublished(run_id=run["id"], report_id=made["id"]))
    await office.desk.drain()
    assert sorted(office.slack.channels) == ["C02", "C03"]
    assert [(each["source"], each["source_note_id"]) for each in await office.deliveries()] == [
        ("report_run", run["id"])
    ] * 2
    (text,) = texts(office, "C02")
    assert text.startswith("*Runners | ∗all∗*\n")
    assert "*Runners*\n\n0 deliveries died" in text


async def test_a_failure_is_told_once_and_only_where_it_is_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told before it was stored: what was rolled back had been told all the same."""
    decide, guards = store.decide, [-1]

    def guarded(ctx: Any, row: Any, *given: Any, **more: Any) -> Any:
        return decide(ctx, {**dict(row), "attempts": guards.pop()} if guards else row, *given, **more)

    monkeypatch.setattr(store, "decide", guarded)
    office.slack.script("no:not_in_channel", "ok", "no:not_in_channel")
    await office.publish("Text.")
    told = Statement("SELECT count(*) FROM events WHERE CAST(data AS TEXT) LIKE '%\"slack.failed\"%'")
    ((count,),) = await office.desk.bus.store.read(told)
    assert (guards, count) == ([], 0)
    await office.later(20)
    assert [each["status"] for each in await office.deliveries()] == ["failed"]
    ((count,),) = await office.desk.bus.store.read(told)
    assert count == 1
