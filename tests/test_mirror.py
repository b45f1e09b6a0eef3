"""Tests mirror the packages: ``tests/<room>/test_<file>.py`` for nearly every file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARE = 0.9


def is_door(path: Path) -> bool:
    """Whether a file only names what lies elsewhere: imports, and constants such as ``__all__``."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    plain = ast.Import | ast.ImportFrom | ast.Assign | ast.Expr | ast.If
    return all(isinstance(statement, plain) for statement in body)


def sources(package: str) -> list[Path]:
    """Files that are to have a test each; those named like ``__main__`` are their folder's."""
    found = sorted((ROOT / package).rglob("*.py"))
    return [path for path in found if not path.name.startswith("__") and not is_door(path)]


def mirror(path: Path) -> Path:
    """Where a file's test is looked for.

    >>> mirror(ROOT / "policies" / "model" / "flow.py").relative_to(ROOT).as_posix()
    'tests/policies/model/test_flow.py'
    """
    return ROOT / "tests" / path.parent.relative_to(ROOT) / f"test_{path.name}"


@pytest.mark.parametrize("package", ["policies", "zprl_env", "real", "benchmarks"])
def test_nearly_every_file_has_its_test(package):
    files = sources(package)
    elsewhere = {path.name for path in (ROOT / "tests/lerobot").glob("test_*.py")}
    missing = [
        str(path.relative_to(ROOT))
        for path in files
        if not mirror(path).exists()
        and not (path.parent.name == "lerobot" and mirror(path).name in elsewhere)
    ]
    assert len(files) > 10
    assert len(missing) <= (1 - SHARE) * len(files), "\n".join(missing)


@pytest.mark.parametrize("package", ["policies", "zprl_env", "real", "benchmarks"])
def test_every_folder_of_tests_is_a_room(package):
    folders = {path.parent for path in (ROOT / "tests" / package).rglob("test_*.py")}
    rooms = {path.parent for path in (ROOT / package).rglob("*.py")}
    strange = [folder.relative_to(ROOT / "tests") for folder in folders]
    assert not [name for name in strange if ROOT / name not in rooms]


def test_a_door_is_told_from_a_room():
    assert is_door(ROOT / "zprl_env" / "training" / "actors.py")
    assert not is_door(ROOT / "zprl_env" / "files.py")
    assert ROOT / "zprl_env" / "files.py" in sources("zprl_env")
