"""What holds in every file: a stated duty, short functions, tests that neither skip nor sleep."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

FUNCTION_LINES = 40
# Written in two parts, so that this file does not contain what it forbids.
SKIPPING = re.compile(r"pytest\.(mark\.)?(skip|xfail|importor" + r"skip)|unittest\.skip")
ELSEWHERE = re.compile(
    "|".join(
        [
            "pyth" + r"onhosted\.",
            r"pyp" + r"i\.org",
            r"npm" + r"js\.",
            r"index-u" + "rl",
            r"/ro" + "ot/",
            r"/wor" + r"k/",
            r"/ho" + r"me/\w",
        ]
    )
)
TEXT = {".py", ".toml", ".md", ".sql", ".js", ".css", ".html", ".json", ".yml", ".yaml", ".cfg", ".txt", ""}

Tree = Callable[[Path], ast.Module]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines of a function from its `def`, without its docstring and without the lines of its decorators."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def test_every_file_states_its_duty(sources: list[Path], tests: list[Path], tree: Tree) -> None:
    assert [str(path) for path in [*sources, *tests] if not ast.get_docstring(tree(path))] == []


def test_public_functions_and_classes_are_documented(sources: list[Path], tree: Tree) -> None:
    found = []
    for path in sources:
        for node in tree(path).body:
            public = isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                found.append(f"{path}:{node.lineno}: {node.name}")
    assert found == []


def test_functions_stay_short(sources: list[Path], tree: Tree) -> None:
    found = [
        f"{path}:{function.lineno}: {function.name} has {length} lines"
        for path in sources
        for function in functions(tree(path))
        if (length := body_lines(function)) > FUNCTION_LINES
    ]
    assert found == []


def test_no_test_is_skipped_or_expected_to_fail(root: Path, tests: list[Path]) -> None:
    found = [
        f"{path}:{number}"
        for path in tests
        for number, line in enumerate((root / path).read_text().splitlines(), 1)
        if SKIPPING.search(line)
    ]
    assert found == []


def test_no_test_sleeps(tests: list[Path], tree: Tree) -> None:
    """Time is a value that tests move; `sleep(0)` only lets others run. In the simulation all time is virtual."""
    found = []
    for path in tests:
        if path.parts[:2] == ("tests", "simulation"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                zero = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
                if name == "sleep" and not zero:
                    found.append(f"{path}:{node.lineno}")
    assert found == []


def test_nothing_names_a_machine_or_a_registry(root: Path, tracked: list[Path]) -> None:
    found = [
        f"{path}:{number}: {match[0]}"
        for path in tracked
        if path.suffix in TEXT and (root / path).stat().st_size < 300_000 and path.parts[:2] != ("tests", "data")
        for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1)
        if (match := ELSEWHERE.search(line))
    ]
    assert found == []
