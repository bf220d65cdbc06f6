"""A shell completes commands and options from what the commands themselves say."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from needlework.cli.main import main

CODE = "from needlework.cli.main import main; main(prog_name='needlework')"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_command_and_the_shell(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0, result.output
    assert "needlework" in result.stdout
    assert f"{shell}_complete" in result.stdout
    assert CliRunner().invoke(main, ["completion", "cmd"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [("needlework ba", "backup"), ("needlework messages ex", "explain"), ("needlework serve --expo", "--expose")],
)
def test_what_a_shell_asks_is_answered(words: str, expected: str) -> None:
    environ = {
        **os.environ, "_NEEDLEWORK_COMPLETE": "bash_complete", "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=environ, timeout=60)
    assert f"plain,{expected}" in done.stdout.splitlines()


def test_bash_can_read_its_script() -> None:
    script = CliRunner().invoke(main, ["completion", "bash"]).stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False, timeout=60).returncode == 0
