"""Where the samples are: our own beside the tests, and the shared data too where it is there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OWN = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture
def samples() -> Path:
    """Our own small files."""
    return OWN


@pytest.fixture(params=[OWN, *([SHARED] if SHARED.is_dir() else [])], ids=lambda path: path.parent.name)
def collection(request: pytest.FixtureRequest) -> Path:
    """Each folder of samples that is there: what holds for ours holds for what others wrote."""
    found: Path = request.param
    return found
