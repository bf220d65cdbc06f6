"""`needlework backup` beside a running server, and `needlework restore`."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.errors import NotFound
from needlework.bus.sqlite import backup
from needlework.bus.sqlite.pacing import Pace
from needlework.tests.cli.test_server import start


def test_a_backup_of_a_running_server_is_restored_and_served(tmp_path: Path) -> None:
    running = start(tmp_path / "data")
    ident = running("publish", "note.ingest", "--data", '{"title": "Kept"}', "--watch").stdout.split()[0]
    (tmp_path / "copies").mkdir()
    made = running.json("backup", str(tmp_path / "copies"), "--data", str(running.data))
    running.stop()
    (file,) = (tmp_path / "copies").iterdir()
    assert made["file"] == str(file)
    assert file.name.startswith("needlework-2")
    assert file.suffix == ".backup"
    assert made["message"] >= 1
    checked = running("restore", str(file), "--check")
    assert "is whole: " in checked.stdout
    refused = running("restore", str(file), "--data", str(running.data))
    assert refused.exit_code == 1
    assert "error: nothing was restored: " in refused.stderr
    assert running("restore", str(file), "--data", str(tmp_path / "new")).exit_code == 0
    again = start(tmp_path / "new")
    try:
        shown = again.json("messages", "show", ident)
        assert shown["state"] == "done"
    finally:
        again.stop()


def test_what_is_no_backup_and_where_there_is_nothing_to_copy_are_said(server, tmp_path: Path) -> None:
    result = server("backup", str(tmp_path / "copy"), "--data", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert f"no backup was made: there is no database in {tmp_path}/nowhere" in result.stderr
    (tmp_path / "mine").write_text("not a backup")
    result = server("restore", str(tmp_path / "mine"), "--data", str(tmp_path / "new"), "--json")
    assert "not a whole backup" in json.loads(result.stderr)["error"]
    assert not (tmp_path / "new").exists()


def test_a_copy_goes_nowhere_that_nobody_named(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without FILE it went into the directory in which the command was typed."""
    monkeypatch.chdir(tmp_path)
    result = server("backup")
    assert result.exit_code == 2
    assert "needlework backup /mnt/backups/" in result.stderr
    assert not list(tmp_path.iterdir())
    result = server("backup", "copies/")
    assert result.exit_code == 2
    assert "there is no directory" in result.stderr
    assert not list(tmp_path.iterdir())


def test_f15_a_copy_goes_after_the_service_beside_it(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It took as much of the processor as the service, whose publishes waited for it."""
    found: list[int] = []

    def look(*_: Any, **__: Any) -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        raise NotFound("enough seen")

    monkeypatch.setattr(backup, "back_up", look)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert server("backup", str(tmp_path / "copy")).exit_code == 1
    assert found == [min(19, before + 10)]


def test_f15_it_rests_unless_it_is_to_be_fast(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[bool] = []

    def look(*_: Any, pace: Pace, **__: Any) -> None:
        rests.append(pace.rests)
        raise NotFound("enough seen")

    monkeypatch.setattr(backup, "back_up", look)
    server("backup", str(tmp_path / "copy"))
    server("backup", str(tmp_path / "copy"), "--fast")
    assert rests == [True, False]
