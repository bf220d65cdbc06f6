"""A unix socket to listen on: nobody else reaches it, a dead one's place is taken, a living one's is not."""

import contextlib
import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from needlework.bus.errors import ConfigError
from needlework.http import listeners
from needlework.http.listeners import unix_listener
from needlework.http.server import address_of, is_loopback


def refusal(path: Path) -> str:
    """Why nothing is listened on at a path."""
    with pytest.raises(ConfigError) as caught, unix_listener(path):
        pass
    return caught.value.problems[0]


def test_it_is_ours_alone_and_goes_with_the_service(tmp_path: Path) -> None:
    path = tmp_path / "run" / "socket"
    before = os.umask(0o022)
    try:
        with unix_listener(path) as listener:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert os.umask(0o022) == 0o022
            assert is_loopback("0.0.0.0", [listener])
            assert address_of(listener) == f"unix:{path}"
        assert not path.exists()
    finally:
        os.umask(before)


def test_the_place_of_a_killed_server_is_taken_over_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    with unix_listener(path) as listener:
        assert "another program listens on unix:" in refusal(path)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
            listener.accept()[0].close()
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
        assert path.exists()
    assert path.exists(), "it is another's by now"


def test_a_place_that_is_not_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert "file is not a socket" in refusal(tmp_path / "file")
    assert (tmp_path / "file").exists()
    assert "can't be made" in refusal(tmp_path / "file" / "socket")
    assert "can't listen on unix:" in refusal(tmp_path / ("x" * 200))
    tmp_path.chmod(0o750)
    assert f"chmod 700 {tmp_path}" in refusal(tmp_path / "socket")
    tmp_path.chmod(0o700)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert "belongs to somebody else" in refusal(tmp_path / "socket")
    assert not (tmp_path / "socket").exists()


def test_of_two_that_find_a_dead_socket_at_once_one_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one removed the socket that the first had just made: it served on, and nobody could reach it."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    met, first = threading.Barrier(2), listeners._is_listened_on
    begun: list[Path] = []
    ends: list[str] = []
    done = threading.Barrier(2)

    def both_look(place: Path) -> bool:
        found = first(place)
        if not begun:
            begun.append(place)
            other.start()
        with contextlib.suppress(threading.BrokenBarrierError):  # the lock keeps the other one out
            met.wait(0.5)
        return found

    def listen() -> None:
        try:
            with unix_listener(path):
                ends.append("listens")
                done.wait(20)
        except ConfigError:
            ends.append("refused")
            done.wait(20)

    other = threading.Thread(target=listen)
    monkeypatch.setattr(listeners, "_is_listened_on", both_look)
    listen()
    other.join()
    assert sorted(ends) == ["listens", "refused"]
