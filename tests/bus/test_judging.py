"""Damage or a disk that can't be read: SQLite says SQLITE_CORRUPT for both; only damage ends the service."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from needlework.bus.errors import StorageDamaged, StorageError
from needlework.bus.sqlite import judging
from needlework.bus.sqlite.applying import storage_error
from needlework.bus.sqlite.judging import judged


def claimed(name: str = "SQLITE_CORRUPT") -> Exception:
    """What the writer knows after SQLite reported damage."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorname = name
    return storage_error(error)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of some hundred pages, without a log."""
    path = tmp_path / "some.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE some (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO some (text) VALUES (?)", [("x" * 500,)] * 2000)
        connection.commit()
    return path


def verdict(path: Path, known: Exception) -> Exception:
    """What is made of it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return judged(known, connection)


def test_p11_a_file_that_is_whole_is_not_called_damaged(path: Path) -> None:
    """Story: one page that the disk could not give, and the service ended as if the file were lost."""
    found = verdict(path, claimed())
    assert type(found) is StorageError
    assert (found.status, found.retry_after) == (503, 1)


def test_p11_a_file_named_from_the_current_folder_is_looked_through_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Story: a bus opened on a relative path ended when the file was read beside the first work."""
    monkeypatch.chdir(path.parent)
    judging.look_through(Path(path.name))


@pytest.mark.parametrize("where", ["raised", "reported"])
def test_p11_a_disk_that_can_not_be_read_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """SQLite raises an error of the disk as itself before it has a page, and reports it as a finding after."""

    def fails(path: Path) -> Any:
        if where == "reported":
            return "*** in database main ***\nPage 7: unable to get the page. error code=8458"
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_CORRUPTFS"
        raise error

    monkeypatch.setattr(judging, "_look_through", fails)
    assert type(verdict(path, claimed())) is StorageError


def test_p11_damage_stays_damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 100)
        file.write(b"\xff" * 4096)
    known = claimed()
    assert verdict(path, known) is known
    assert isinstance(known, StorageDamaged)


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"])
def test_what_only_damage_is_called_is_damage(path: Path, name: str) -> None:
    known = claimed(name)
    assert verdict(path, known) is known
