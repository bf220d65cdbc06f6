"""Issues on GitHub: opened once, whatever GitHub answers; what cannot be opened says why."""

from typing import Any

import pytest
from needlework.bus.clock import SECOND
from needlework.bus.errors import ConfigError
from needlework.bus.peers import Peer
from needlework.handlers.github import client
from needlework.handlers.github.messages import OpenIssue
from needlework.handlers.net.fetch import Bounds

pytestmark = pytest.mark.anyio
Desk = Any
GitHub = Any
ISSUE = OpenIssue(id="action_1", repository="acme/app", title="Export fails", body="It fails.")


async def asked(desk: Desk, github: GitHub, *outcomes: str, later: float = 0.0) -> dict[str, str]:
    """Ask for the issue while GitHub behaves so, let time pass until it ends: the outcome."""
    github.script(*outcomes)
    id_ = await desk.publish(ISSUE)
    await desk.drain()
    for _ in range(40):
        found = await desk.bus.message(desk.workspace, id_)
        if found["state"] not in ("waiting", "running"):
            break
        desk.clock.advance(later or 20.0)
        await desk.drain()
    result: dict[str, str] = (await desk.bus.message(desk.workspace, id_))["result"]
    return result


def bodies(github: GitHub) -> list[str]:
    return [each["body"] for each in github.issues.get("acme/app", [])]


async def test_an_issue_is_opened_once_however_often_it_is_asked_for(desk: Desk, github: GitHub) -> None:
    first = await asked(desk, github)
    assert first == {"status": "opened", "reference": "acme/app#1"} == await asked(desk, github)
    assert bodies(github) == ["It fails.\n\n<!-- needlework:action_1 -->"]
    assert (github.calls, github.tokens) == (["POST"], {"Bearer ghp-test"})


@pytest.mark.parametrize("outcome", ["lost", "garbage", "500", "408", "hang"])
async def test_an_unknown_outcome_is_looked_for_before_a_second_try(
    desk: Desk, github: GitHub, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if outcome == "hang":
        monkeypatch.setattr(client, "BOUNDS", Bounds(connect=2.0, total=2.0, size=1 << 20))
    found = await asked(desk, github, outcome)
    assert found == {"status": "opened", "reference": "acme/app#1"}
    assert len(bodies(github)) == 1
    assert github.calls == ["POST", "GET", *(["POST"] if outcome in ("500", "408") else [])]


async def test_a_call_that_never_arrived_is_made_again(desk: Desk, github: GitHub) -> None:
    found = await asked(desk, github, "drop")
    assert (found["status"], github.calls) == ("opened", ["POST", "GET", "POST"])


async def test_where_no_connection_came_about_nothing_is_looked_for(desk: Desk, github: GitHub) -> None:
    peers, place = desk.bus.controls.peers, ("github", "default")
    right = peers[place]
    peers[place] = Peer("http://127.0.0.1:9/", right.secret)
    id_ = await desk.publish(ISSUE)
    await desk.drain()
    peers[place] = right
    desk.clock.advance(20.0)
    await desk.drain()
    assert (await desk.bus.message(desk.workspace, id_))["result"]["reference"] == "acme/app#1"
    assert github.calls == ["POST"]


async def test_an_issue_may_still_be_arriving_so_it_is_looked_for_after_a_while(desk: Desk, github: GitHub) -> None:
    github.script("lost")
    await desk.publish(ISSUE)
    await desk.drain()
    desk.clock.advance(10)
    await desk.drain()
    assert github.calls == ["POST"]
    for number in range(3):  # what others write meanwhile fills more than one page
        github.create("acme/app", {"title": f"{number}", "body": "Something else."})
    desk.clock.advance(30)
    await desk.drain()
    assert github.calls == ["POST", "GET", "GET"]
    assert len(bodies(github)) == 4


SECONDARY = (
    "403 X-RateLimit-Remaining=4321 X-RateLimit-Reset=99999999999 message=You_have_exceeded_a_secondary_rate_limit."
)
"""Of a secondary limit the message alone may tell; what the other limit says does not matter."""


@pytest.mark.parametrize(
    "limit", ["403 Retry-After=60", "429 Retry-After=60", "403 X-RateLimit-Remaining=0", "429", SECONDARY]
)
async def test_patience_is_kept_as_long_as_github_asks(desk: Desk, github: GitHub, limit: str) -> None:
    github.script(limit)
    await desk.publish(ISSUE)
    await desk.drain()
    desk.clock.advance(58)
    await desk.drain()
    assert github.calls == ["POST"]
    desk.clock.advance(4)
    await desk.drain()
    assert (github.calls, len(bodies(github))) == (["POST", "POST"], 1)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("401", "refused the token"),
        ("403", "needs the right to write issues"),
        ("404", "not there, hidden from the token"),
        ("410", "switched off"),
        ("301 Location=http://127.0.0.1:9/", "has moved"),
        ("422", "(422): title missing_field"),
        ("418", "answered 418"),
    ],
)
async def test_a_refusal_says_why_and_is_not_repeated(desk: Desk, github: GitHub, status: str, reason: str) -> None:
    found = await asked(desk, github, status)
    assert found["status"] == "failed"
    assert reason in found["error"]
    assert github.calls == ["POST"]
    assert (await asked(desk, github))["status"] == "opened"  # once its cause is mended it goes again
    assert github.calls == ["POST", "POST"]


async def test_what_fails_again_and_again_is_left_to_a_person_who_gets_no_second_one(
    desk: Desk, github: GitHub
) -> None:
    found = await asked(desk, github, "lost", *["502"] * 20, later=1000.0)
    assert found["status"] == "failed"
    assert "given up after 10 attempts" in found["error"]
    assert (await asked(desk, github))["reference"] == "acme/app#1"
    assert (len(bodies(github)), github.calls.count("POST")) == (1, 1)


async def test_without_a_token_it_is_told_what_to_write(desk: Desk, github: GitHub) -> None:
    del desk.bus.controls.peers["github", "default"]
    assert "[secrets] github = { env" in (await asked(desk, github))["error"]

    def missing() -> str:
        raise ConfigError(["the environment variable GITHUB_TOKEN is not set"])

    desk.bus.controls.peers["github", "default"] = Peer("http://127.0.0.1:9/", missing)
    assert "GITHUB_TOKEN is not set" in (await asked(desk, github))["error"]
    assert github.calls == []


def test_a_look_at_every_page_fits_into_an_attempt(registry: Any) -> None:
    """Where it did not, attempts ended by the clock counted for nothing, and the issue became a dead letter."""
    topic = registry.topics["github.open_issue"]
    assert topic.timeout > (client.PAGES + 1) * client.BOUNDS.total * SECOND
