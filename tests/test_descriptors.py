"""A service takes the open files that the system lets it have: the usual soft limit is less than its streams."""

import re
import resource
import subprocess
import sys
from pathlib import Path

from needlework.descriptors import MOST
from needlework.tests.http.served import serving

ASK = """
import resource
from needlework.descriptors import take_descriptors

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if {hard} is None else {hard}
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, hard))
assert take_descriptors() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits(soft: int, hard: int | None) -> list[int]:
    """What a process with these limits of open files has when it took what it may."""
    program = ASK.format(soft=soft, hard=hard)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return [int(word) for word in told.split()]


def test_the_soft_limit_is_raised_as_far_as_the_hard_one() -> None:
    assert limits(256, 512) == [512, 512]
    assert limits(512, 512) == [512, 512]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert limits(256, None) == [MOST if hard == resource.RLIM_INFINITY else min(hard, MOST), hard]


def test_f29_a_server_that_was_started_with_the_usual_limit_has_more(tmp_path: Path) -> None:
    """1,024 open files, 1,000 streams of a workspace: none were left for the database."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))  # children inherit it
    try:
        with serving(tmp_path):
            pid = (tmp_path / "data" / "needlework.lock").read_text().strip()
            found = re.search(r"Max open files +(\d+)", Path(f"/proc/{pid}/limits").read_text())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found is not None
    assert int(found[1]) > 1000
