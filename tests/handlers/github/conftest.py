"""A desk whose default workspace has a GitHub: the fake one, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from needlework.tests.handlers.github.fake_github import FakeGitHub, github_of


@pytest.fixture
def github(desk: Any) -> Iterator[FakeGitHub]:
    with github_of(desk) as fake:
        yield fake
