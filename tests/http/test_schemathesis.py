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
FEWEST = 500


def cases(url: str, folder: Path, *options: str) -> int:
    """Run schemathesis on a server; how many requests it made. Fails with its report where one was answered wrongly."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--no-color", "run"]
    command += [f"{url}/openapi.json", "--checks", CHECKS, "--no-shrink"]
    command += ["--request-timeout", "40", "--warnings", "off", *options]
    environ = os.environ | {"NO_PROXY": "127.0.0.1"}
    limit = None if "1500" in options else 240  # a server that hangs must not hang the suite
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=limit)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = re.search(r"([0-9,]+) generated", done.stdout)
    assert found is not None, done.stdout[-2000:]
    return int(found[1].replace(",", ""))


def test_the_api_keeps_to_its_document(demo: str, tmp_path: Path, long: bool) -> None:
    """Wrong and right requests by turns; then right ones alone, which get deeper. `--long`: some 100,000."""
    more = ("-n", "1500") if long else ("-n", "4", "--seed", "1")
    # A runner that is held lets every later caller wait for 25 s; schemathesis finds the runners' names in answers.
    others = ("--exclude-path-regex", "/(events|pause)$", *more)
    # A text for matching may be longer than a request's target: what is wrong besides then meets 414, not 422.
    shorter = ("--exclude-path-regex", "/(events|pause|needle_movers/match)$", *more)
    count = cases(demo, tmp_path, "--phases", "coverage,fuzzing", *shorter)
    count += cases(demo, tmp_path, "--phases", "fuzzing", "--mode", "positive", *others)
    count += cases(demo, tmp_path, "--include-path-regex", "/pause$", "--phases", "coverage,fuzzing", *more)
    assert count >= (100_000 if long else FEWEST)
    metrics = httpx2.get(f"{demo}/metrics", trust_env=False).text
    statuses = set(re.findall(r'needlework_http_requests_total\{.*status="([0-9]+)"', metrics))
    assert {"200", "404", "422"} <= statuses
    assert not {status for status in statuses if status.startswith("5") or status == "0"}
