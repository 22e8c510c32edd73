"""House rules that no linter knows: no circles, no long files without a reason, a purpose for every file."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import grimp
import pytest

SOURCE = Path(__file__).parent.parent / "src" / "tocsin"
LONGEST = 400
REASON = "# over 400 lines because: "


def python_files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "node_modules" not in path.parts)


def find_circle(imports: dict[str, set[str]]) -> list[str]:
    """The modules of one circle in order, or nothing."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as circle:
        return list(circle.args[1])
    return []


def long_files_without_reason(files: list[Path]) -> list[str]:
    found = []
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        reasons = [line.removeprefix(REASON).strip() for line in lines[:5] if line.startswith(REASON)]
        if len(lines) > LONGEST and not any(reasons):
            found.append(f"{path}: {len(lines)} lines")
    return found


def files_without_purpose(files: list[Path]) -> list[str]:
    return [str(path) for path in files if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_no_module_is_in_a_circle() -> None:
    graph = grimp.build_graph("tocsin", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 20
    assert find_circle(imports) == []


def test_no_file_is_long_without_a_stated_reason() -> None:
    assert long_files_without_reason(python_files()) == []


def test_every_file_says_its_purpose() -> None:
    files = [path for path in python_files() if "migrations" not in path.parts]
    assert files_without_purpose(files) == []


def test_circles_are_found() -> None:
    assert set(find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("head", "complaints"),
    [
        ('"""Purpose."""\n', 1),
        ('"""Purpose."""\n# over 400 lines because: a table that is one thing.\n', 0),
        ('"""Purpose."""\n# over 400 lines because: \n', 1),
    ],
)
def test_long_files_need_a_reason(tmp_path: Path, head: str, complaints: int) -> None:
    path = tmp_path / "long.py"
    path.write_text(head + "x = 1\n" * LONGEST, encoding="utf-8")
    assert len(long_files_without_reason([path])) == complaints


def test_a_missing_purpose_is_found(tmp_path: Path) -> None:
    path = tmp_path / "silent.py"
    path.write_text("# a comment is no purpose\nx = 1\n", encoding="utf-8")
    assert files_without_purpose([path]) == [str(path)]
