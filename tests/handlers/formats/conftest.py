"""Where the samples are: our own beside the tests, the shared data where it is there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def samples() -> Path:
    """Our own small files."""
    return ROOT / "tests" / "data"


@pytest.fixture
def shared() -> Path:
    """The shared sample data; tests of it are skipped where it is not there."""
    found = ROOT.parent / "shared" / "data"
    if not found.is_dir():
        pytest.skip("the shared sample data is not here")
    return found
