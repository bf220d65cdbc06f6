"""`needlework init`: the file says all there is and changes nothing until somebody takes a # away."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.cli.init import settings_text
from needlework.quantities import Duration, Size
from needlework.settings import FILE, Limits, Settings, load_settings


def test_it_sets_nothing_and_is_private(server: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = server("init", "--data", str(data))
    assert (done.exit_code, server.requests) == (0, [])
    assert f"needlework check --data {data}" in done.stdout
    assert f"needlework serve --data {data}" in done.stdout
    assert [(each.stat().st_mode & 0o777) for each in (data, data / FILE)] == [0o700, 0o600]
    assert load_settings(data, environ={}) == Settings(data=data)
    assert server("check", "--data", str(data)).exit_code == 0


def test_every_setting_stands_there_with_its_default(tmp_path: Path) -> None:
    names = {field.name for field in msgspec.structs.fields(Settings)} - {"data", "limits"}
    wanted = [*names, *(field.name for field in msgspec.structs.fields(Limits))]
    taken = re.sub(r"^# (\w+ = )", r"\1", settings_text(), flags=re.MULTILINE)
    told = re.findall(r"^(\w+) =", taken, re.MULTILINE)
    assert sorted(told) == sorted([*(name for name in wanted if name != "secrets"), "slack", "github"])
    (tmp_path / FILE).write_text(taken)
    found, usual = load_settings(tmp_path, environ={}), Settings(data=tmp_path)
    examples = {"unix", "public_url", "secrets"}
    assert {name for name in names if getattr(found, name) != getattr(usual, name)} == examples
    assert found.limits == usual.limits
    assert all(len(line) <= 120 for line in taken.splitlines())


def test_one_that_is_there_is_left_as_it_is(server: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("port = 1\n")
    done = server("init", "--data", str(tmp_path), "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is there already" in json.loads(done.stderr)["error"]
    assert (tmp_path / FILE).read_text() == "port = 1\n"


def test_nothing_is_written_through_a_link(server: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    done = server("init", "--data", str(tmp_path))
    assert done.exit_code == 1
    assert "is a link" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_programs_are_told_where_it_is_and_what_follows(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEEDLEWORK_DATA", str(tmp_path))
    told = json.loads(server("init", "--json").stdout)
    assert told["path"] == str(tmp_path / FILE)
    assert [words[:2] for words in told["next"]] == [["needlework", "check"], ["needlework", "serve"]]


@pytest.mark.parametrize("text", ["90s", "400d", "250ms", "1w", "0s"])
def test_a_duration_reads_as_it_was_written(text: str) -> None:
    assert Duration.of(Duration.of(text).text) == Duration.of(text)


@pytest.mark.parametrize(("size", "text"), [(1024, "1KiB"), (1536, "1536B"), (64 * 1024**2, "64MiB")])
def test_a_size_is_told_in_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert Size(size).text == text
