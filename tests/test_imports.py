"""Imports point downwards: train_sb3 -> real -> zprl_env -> policies, and never in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("policies", "zprl_env", "real", "train_sb3", "benchmarks")
"""From the bottom to the top."""

LEARNING = ("base_policies", "calibrate", "deploy", "doctor", "training", "vectorised")
"""Rooms of zprl_env that may import torch and Stable-Baselines3."""
LOADING = "zprl_env.loading"
"""The only other room that may cause torch to be imported, inside a function."""
DOORS = ("evaluate", "export", "make_policy")
"""Commands at the top of zprl_env that only call what lies in those rooms."""


def modules() -> dict[str, Path]:
    """Every module of the project but the tests, by its dotted name."""
    paths = [path for name in ORDER for path in (ROOT / name).rglob("*.py")]
    parts = {path: path.relative_to(ROOT).with_suffix("").parts for path in paths}
    found = {".".join(names).removesuffix(".__init__"): path for path, names in parts.items()}
    return found | {"train_sb3": ROOT / "train_sb3.py"}


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports anywhere, in functions and for the type checker too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circle(links: Mapping[str, set[str]]) -> list[str]:
    """Find one circle of a graph, as the names along it."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for target in sorted(links[name]):
                if found := visit(target, [*path, name]):
                    return found
            done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(links))), [])


def room(name: str) -> str:
    return name.partition(".")[0]


def may_learn(name: str) -> bool:
    """Whether a module of zprl_env lies in a room that may import a learning library."""
    return name.split(".")[1:2] in [[room] for room in LEARNING + DOORS]


MODULES = modules()
NAMES = {
    name: set(imports(ast.parse(path.read_text(encoding="utf-8"))))
    for name, path in MODULES.items()
}
LINKS = {name: names & MODULES.keys() - {name} for name, names in NAMES.items()}


def test_the_graph_is_read():
    assert len(LINKS) > 50
    assert {"zprl_env.training.finetuning", "zprl_env.cli"} <= LINKS["train_sb3"]
    assert "policies.frozen" in LINKS["zprl_env.loading.resolve"]
    assert circle({"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}) == ["b", "d", "b"]


def test_no_import_points_upwards():
    for name, targets in LINKS.items():
        for target in targets:
            upward = ORDER.index(room(target)) > ORDER.index(room(name))
            assert not upward, f"{name} imports {target}"
    assert not any("tests" in map(room, names) for names in NAMES.values())


def test_no_imports_go_in_a_circle():
    assert not circle(LINKS)


@pytest.mark.parametrize("library", ["torch", "stable_baselines3", "sb3_contrib", "sbx", "jax"])
def test_only_learning_knows_a_learning_library(library):
    users = {name for name, names in NAMES.items() if library in map(room, names)}
    assert not {name for name in users if room(name) == "zprl_env" and not may_learn(name)}


def test_only_one_room_loads_a_policy():
    needs_torch = {name for name, names in NAMES.items() if "torch" in map(room, names)}
    loaders = {
        name
        for name, targets in LINKS.items()
        if room(name) == "zprl_env" and not may_learn(name) and targets & needs_torch
    }
    assert {name.rpartition(".")[0] for name in loaders} == {LOADING}


def test_policies_know_no_environment():
    foreign = {"gymnasium", "stable_baselines3", "robosuite", "mujoco"}
    for name, names in NAMES.items():
        # Minari describes what its files hold by gymnasium's spaces, and whose actions a file's
        # are compared with is made by gymnasium, by name.
        described = ("policies.demonstrations.minari", "policies.demonstrations.action_range")
        if room(name) == "policies" and name not in described:
            assert not foreign & {*map(room, names)}, name


@pytest.mark.parametrize("package", ["zprl_env", "policies", "real", "real.env", "train_sb3"])
def test_importing_costs_no_heavy_import(package):
    heavy = {"torch", "robosuite", "mujoco", "stable_baselines3", "scipy", "matplotlib"}
    heavy |= {"numba", "sbx", "jax"}
    code = f"import sys, {package}; print(*({heavy} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def rooms(package: str) -> dict[str, set[str]]:
    """The folders of a package, each with those of the same package that it imports from."""
    found: dict[str, set[str]] = {}
    for name, targets in LINKS.items():
        if room(name) != package or MODULES[name].parent == ROOT / package:
            continue
        own = MODULES[name].relative_to(ROOT / package).parts[0]
        links = found.setdefault(own, set())
        for target in targets:
            parts = MODULES[target].relative_to(ROOT).parts
            if parts[0] == package and len(parts) > 2 and parts[1] != own:
                links.add(parts[1])
    return found


@pytest.mark.parametrize("package", ["policies", "zprl_env", "real"])
def test_rooms_do_not_import_each_other_in_a_circle(package):
    assert not circle(rooms(package))


def test_no_folder_holds_more_than_fifteen_modules():
    folders = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    crowded = {str(f.relative_to(ROOT)): n for f, n in folders.items() if n > 15}
    assert not crowded
