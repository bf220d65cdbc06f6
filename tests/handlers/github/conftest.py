"""A desk whose default workspace has a GitHub: the fake one, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from needlework.bus.peers import Peer
from needlework.handlers.net.addresses import open_hosts
from needlework.tests.handlers.github.fake_github import FakeGitHub, fake_github


@pytest.fixture
def github(desk: Any) -> Iterator[FakeGitHub]:
    open_hosts(("127.0.0.1",))
    with fake_github() as (fake, address):
        desk.bus.controls.peers["github", "default"] = Peer(address, lambda: "ghp-test")
        yield fake
    open_hosts(())
