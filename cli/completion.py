"""`needlework completion`: the script by which a shell completes our commands and options."""

import click
from click.shell_completion import get_completion_class
from needlework.cli.main import main

_VARIABLE = "_NEEDLEWORK_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete the commands of needlework.

    \b
    Examples:
      needlework completion bash > ~/.local/share/bash-completion/completions/needlework
      needlework completion zsh > ~/.zfunc/_needlework
      needlework completion fish > ~/.config/fish/completions/needlework.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # it is one of the choices
    click.echo(kind(main, {}, "needlework", _VARIABLE).source())
