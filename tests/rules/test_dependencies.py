"""Every dependency is there for a written reason, and every reason has its dependency."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())


def names(requirements: list[str]) -> set[str]:
    """The names of requirements, without versions and markers."""
    return {re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0] for requirement in requirements}


def explained(root: Path) -> set[str]:
    """The names that docs/dependencies.md gives a line of a table."""
    return set(re.findall(r"^\| `([^`]+)`", (root / "docs" / "dependencies.md").read_text(), re.MULTILINE))


def wanted(project: dict[str, Any]) -> set[str]:
    """Everything that pyproject.toml asks for."""
    found = names(project["project"]["dependencies"]) | names(project["build-system"]["requires"])
    groups = [
        *project["project"].get("optional-dependencies", {}).values(),
        *project["dependency-groups"].values(),
    ]
    return found.union(*map(names, groups))


def test_every_dependency_has_its_reason(root: Path, project: dict[str, Any]) -> None:
    assert wanted(project) - explained(root) - {"needlework"} == set()


def test_every_reason_has_its_dependency(root: Path, project: dict[str, Any]) -> None:
    assert explained(root) - wanted(project) == set()


def test_warnings_are_errors(project: dict[str, Any]) -> None:
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"


def test_every_lint_rule_that_is_off_says_why(root: Path) -> None:
    text = (root / "pyproject.toml").read_text()
    ignored = re.search(r"^ignore = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert ignored is not None
    lines = [line for line in ignored[1].splitlines() if '"' in line]
    assert [line for line in lines if "#" not in line and not line.strip().startswith('"RUF00')] == []
