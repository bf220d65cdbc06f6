"""What all tests share: the event loop they run on, `--long` for counts meant to be run by hand, `--seed` to replay."""

import hypothesis
import pytest

LONGEST_FIRST = ("tests/http/test_schemathesis.py", "tests/simulation", "tests/crash", "tests/http", "tests/cli")
"""In which order processes take files (`-n`): what begins last should be short, or the others wait for it to end."""

hypothesis.settings.register_profile("steady", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our own options."""
    parser.addoption("--long", action="store_true", help="run the counts that are meant to be run by hand")
    parser.addoption("--seed", type=int, default=None, help="replay this one seed of the simulation")


def pytest_configure(config: pytest.Config) -> None:
    """Register our own markers."""
    config.addinivalue_line("markers", "crashes: the test ends a bus as a crash would; owners and windows stay behind")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the files, the long ones first; by itself a run keeps its order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: [not item.nodeid.startswith(place) for place in LONGEST_FIRST])


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the counts are those meant to be run by hand."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int | None:
    """The one seed to replay, or None."""
    chosen: int | None = request.config.getoption("--seed")
    return chosen


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that serves."""
    return ("asyncio", {"use_uvloop": True})
