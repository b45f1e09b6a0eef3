"""Imports point downwards: train_sb3 -> real -> zprl_env -> policies, and never in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("policies", "zprl_env", "real", "train_sb3", "benchmarks")
"""From the bottom to the top."""

LEARNING = (
    "zprl_env.training",
    "zprl_env.evaluate",
    "zprl_env.calibrate",
    "zprl_env.export",
    "zprl_env.make_policy",
    "zprl_env.policy_card",
    "zprl_env.doctor.probes",
    "zprl_env.vec_wrapper",
    "zprl_env.alternating",
    "zprl_env.resumable",
)
"""The part of zprl_env that may import torch and Stable-Baselines3: training, and commands."""
LOADING = "zprl_env.policy_loading"
"""The only other part that may cause torch to be imported, inside a function."""


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
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in LEARNING)


MODULES = modules()
NAMES = {
    name: set(imports(ast.parse(path.read_text(encoding="utf-8"))))
    for name, path in MODULES.items()
}
LINKS = {name: names & MODULES.keys() - {name} for name, names in NAMES.items()}


def test_the_graph_is_read():
    assert len(LINKS) > 50
    assert {"zprl_env.training.agent", "zprl_env.cli"} <= LINKS["train_sb3"]
    assert "policies.frozen" in LINKS[LOADING]
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


def test_only_one_place_loads_a_policy():
    needs_torch = {name for name, names in NAMES.items() if "torch" in map(room, names)}
    loaders = {
        name
        for name, targets in LINKS.items()
        if room(name) == "zprl_env" and not may_learn(name) and targets & needs_torch
    }
    assert loaders == {LOADING}


def test_policies_know_no_environment():
    foreign = {"gymnasium", "stable_baselines3", "robosuite", "mujoco"}
    for name, names in NAMES.items():
        # Minari describes what its files hold by gymnasium's spaces.
        if room(name) == "policies" and name != "policies.minari_layout":
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
