"""Every Python block of a page runs, after those before it on the page."""

from __future__ import annotations

import re
import sys

import gymnasium as gym
import pytest

from tests.helpers.documents import PAGES, blocks, page_name, snippets
from zprl_env.tasks import TASKS

WITH_SNIPPETS = [path for path in PAGES if snippets(path)]
FILE = re.compile(r"# (\w+)\.py\n")


@pytest.fixture
def registries():
    """What a page registers is forgotten afterwards."""
    tasks, specs = {*TASKS}, {*gym.registry}
    yield
    for name in {*TASKS} - tasks:
        del TASKS[name]
    for name in {*gym.registry} - specs:
        del gym.registry[name]


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_SNIPPETS, ids=page_name)
def test_the_snippets_of_a_page_run(path, tmp_path, monkeypatch, registries):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "runs").mkdir()
    names = {"__name__": path.stem}
    for number, snippet in enumerate(snippets(path)):
        shorter = re.sub(r"total_timesteps=[\d_]+", "total_timesteps=12", snippet)
        shorter = re.sub(r"range\(50\)", "range(2)", shorter)
        if file := FILE.match(snippet):
            (tmp_path / f"{file[1]}.py").write_text(snippet, encoding="utf-8")
            monkeypatch.delitem(sys.modules, file[1], raising=False)
        exec(compile(shorter, f"{page_name(path)}, block {number}", "exec"), names)


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_a_block_that_is_not_run_compiles_and_says_why(path):
    for block in blocks(path):
        if block.language == "py":
            assert re.fullmatch(r"<!-- not run: .+ -->", block.before), block.text
            compile(block.text, page_name(path), "exec")


def test_few_blocks_are_not_run():
    languages = [block.language for path in PAGES for block in blocks(path)]
    assert languages.count("py") <= 3 < languages.count("python") // 5
