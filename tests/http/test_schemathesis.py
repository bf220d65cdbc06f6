"""The whole API, as `/openapi.json` describes it, against requests that nobody would think of."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance"
)
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, 431]
"""
"""What refuses a wrong request: by default that its address is too long does not count, nor that it is too large."""
FEWEST, MANY = 500, 100_000


def cases(url: str, folder: Path, *options: str, limit: float) -> int:
    """Run schemathesis on a server; how many requests it made. Fails with its report where one was answered wrongly."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--no-color", "run"]
    command += [f"{url}/openapi.json", "--checks", CHECKS, "--no-shrink"]
    command += ["--request-timeout", "40", "--warnings", "off", *options]
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    environ = os.environ | {"NO_PROXY": "127.0.0.1"}
    # A server that hangs must not hang the suite.
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=limit)
    report = "\n".join(
        line if len(line) < 600 else f"{line[:400]} … {line[-150:]}" for line in done.stdout.splitlines()
    )
    assert done.returncode == 0, report[-8000:] + done.stderr[-2000:]
    found = re.search(r"([0-9,]+) generated", done.stdout)
    assert found is not None, done.stdout[-2000:]
    return int(found[1].replace(",", ""))


def block(url: str, folder: Path, seed: int, size: int, limit: float) -> int:
    """Wrong and right requests by turns; then right ones alone, which get deeper. How many requests it made."""
    more = ("-n", str(size), "--seed", str(seed))
    # A runner that is held lets every later caller wait for 25 s; schemathesis finds the runners' names in answers.
    others = ("--exclude-path-regex", "/(events|pause)$", *more)
    # A text for matching may be longer than a request's target: what is wrong besides then meets 414, not 422.
    shorter = ("--exclude-path-regex", "/(events|pause|needle_movers/match)$", *more)
    count = cases(url, folder, "--phases", "coverage,fuzzing", *shorter, limit=limit)
    count += cases(url, folder, "--phases", "fuzzing", "--mode", "positive", *others, limit=limit)
    return count + cases(
        url, folder, "--include-path-regex", "/pause$", "--phases", "coverage,fuzzing", *more, limit=limit
    )


def test_the_api_keeps_to_its_document(demo: str, tmp_path: Path, long: bool) -> None:
    """`--long`: block after block, each with the seed that it names, until 100,000 requests were made."""
    count, seed = block(demo, tmp_path, 1, 4, 240), 1
    while long and count < MANY:
        seed += 1
        count += block(demo, tmp_path, seed, 100, 7200)
        print(f"{count:,} requests up to seed {seed}", flush=True)
    assert count >= (MANY if long else FEWEST)
    metrics = httpx2.get(f"{demo}/metrics", trust_env=False).text
    statuses = set(re.findall(r'needlework_http_requests_total\{.*status="([0-9]+)"', metrics))
    assert {"200", "404", "422"} <= statuses
    assert not {status for status in statuses if status.startswith("5") or status == "0"}
