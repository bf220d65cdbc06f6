"""`serve --unix`: commands talk to it over its socket, the doctor looks at it, a kill leaves nothing to clear away."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from needlework.cli.main import main
from needlework.tests.cli.programs import Program, running


def serving(folder: Path, *words: str) -> Program:
    """`needlework serve --unix`, when it listens."""
    socket = folder / "run" / "socket"
    one = running("serve", "--data", str(folder / "data"), "--unix", str(socket), *words, folder=folder)
    assert one.line("listening on").split()[-1] == f"unix:{socket}"
    return one


def test_commands_and_the_doctor_go_by_the_socket(tmp_path: Path) -> None:
    url = f"unix:{tmp_path / 'run' / 'socket'}"
    call = CliRunner()
    first = serving(tmp_path)
    with first:
        first.process.kill()
        first.process.wait()
        assert (tmp_path / "run" / "socket").exists()
    with serving(tmp_path) as server:
        words = ["publish", "note.ingest", "--data", '{"title": "Call"}', "--watch", "--url", url]
        shown = call.invoke(main, words, env={"NEEDLEWORK_URL": None})
        assert shown.exit_code == 0, shown.output
        assert "created" in shown.stdout
        (tmp_path / "data" / "needlework.toml").write_text('unix = "../run/socket"\n')
        found = call.invoke(main, ["doctor", "--data", str(tmp_path / "data"), "--json"], env={"NEEDLEWORK_URL": None})
        by_name = {each["check"]: each for each in json.loads(found.stdout)["findings"]}
        assert "is ready" in by_name["server"]["found"]
        assert by_name["server"]["found"].startswith("unix:")
        assert by_name["file modes"]["state"] == "ok"
        (tmp_path / "run").chmod(0o755)
        found = call.invoke(main, ["doctor", "--data", str(tmp_path / "data"), "--json"], env={"NEEDLEWORK_URL": None})
        by_name = {each["check"]: each for each in json.loads(found.stdout)["findings"]}
        assert str(tmp_path / "run") in by_name["file modes"]["found"].replace("/data/..", "")
        (tmp_path / "run").chmod(0o700)
        assert server.stop() == 0
    assert not (tmp_path / "run" / "socket").exists()


@pytest.mark.parametrize("more", [["--port", "1"], ["--host", "::1"], ["--expose"]])
def test_a_socket_takes_the_place_of_an_address(tmp_path: Path, more: list[str]) -> None:
    done = CliRunner().invoke(main, ["serve", "--data", str(tmp_path), "--unix", str(tmp_path / "s"), *more])
    assert done.exit_code == 2
    assert "leave out --host, --port, --expose" in done.stderr
