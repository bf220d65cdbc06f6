"""Topics, code and documentation agree: every topic has a type, a handler, a summary and a docstring."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.registry import Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Everything that ships, joined as at start; a mistake in any of it fails here with its place."""
    return Registry.load(["needlework.handlers"], [Path(__file__).parents[2] / "topics.toml"])


@pytest.fixture
def policies(root: Path) -> dict[str, Any]:
    """topics.toml as it is written."""
    return tomllib.loads((root / "topics.toml").read_text())


def test_every_topic_has_a_handler_and_every_policy_a_topic(registry: Registry, policies: dict[str, Any]) -> None:
    assert set(registry.topics) == set(policies["topics"])
    assert [name for name, topic in registry.topics.items() if not topic.subscriptions] == []


def test_every_message_type_is_documented(registry: Registry) -> None:
    assert [name for name, topic in registry.topics.items() if not (topic.type.__doc__ or "").strip()] == []


def test_every_topic_has_a_summary_of_one_line(registry: Registry) -> None:
    lines = {name: topic.policy.summary for name, topic in registry.topics.items()}
    assert [name for name, line in lines.items() if not 0 < len(line) <= 120 or "\n" in line] == []


def test_every_runner_is_described_and_takes_something(registry: Registry) -> None:
    assert [name for name, runner in registry.runners.items() if not runner.policy.description.strip()] == []
    assert [name for name, runner in registry.runners.items() if not runner.topics] == []


def test_no_two_topics_share_a_route(registry: Registry) -> None:
    routes = [topic.policy.route for topic in registry.topics.values() if topic.policy.route]
    shapes = [re.sub(r"\{[^}]*\}", "{}", route) for route in routes]
    assert sorted(shape for shape in set(shapes) if shapes.count(shape) > 1) == []


def test_whatever_changes_something_asks_for_a_write_permission_or_is_ones_own_chat(
    registry: Registry,
) -> None:
    reading = [
        name
        for name, topic in registry.topics.items()
        if topic.policy.route and topic.policy.method != "GET" and topic.policy.permission == "permissionRead"
    ]
    assert [name for name in reading if not name.startswith("chat")] == []
