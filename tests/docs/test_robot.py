"""Every command of the robot's guide and of its page on recording, shortened."""

from __future__ import annotations

import shlex

import pytest

from tests.helpers.documents import DOCS, ROOT, commands
from tests.helpers.robots.serving import PATIENCE, ServerProcess
from tests.helpers.warm import run_warm

SHOWN = [c for page in ("index", "recording") for c in commands(DOCS / f"robot/{page}.md")]
COMMANDS = [line.removeprefix("python ") for line in SHOWN if line.startswith("python ")]
SHORTER = {
    "zprl_env.experts.record": ["--episodes", "2", "--skill", "1"],
    "policies.pretrain": ["--steps", "20"],
    "real.play": ["--episodes", "1"],
    "real.replay": ["--no-video"],
    "train_sb3.py": [
        *("--eval-episodes", "1", "--validation-episodes", "1", "--no-video"),
        *("--warmup-decisions", "4", "--updates-per-episode", "4"),
    ],
}


def shortened(command: str) -> list[str]:
    words = shlex.split(command)
    module = words[1] if words[0] == "-m" else words[0]
    if "--resume-from" in words:
        return [*words, *SHORTER[module], "--total-env-steps", "900"]
    return [*words, *SHORTER.get(module, []), *["--total-env-steps", "500"] * (module[0] == "t")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("guide")


def run(command, folder):
    if command[0] == "train_sb3.py":
        command = [str(ROOT / command[0]), *command[1:]]
    return run_warm(*command, cwd=folder, timeout=10 * PATIENCE)


@pytest.mark.slow
def test_the_guide_works_from_zero_to_a_steered_robot(folder):
    here = [c for c in COMMANDS if not any(w in c for w in ("real.server", "url="))]
    assert len(here) == 11
    for command in here:
        done = run(shortened(command), folder)
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.slow
def test_it_works_over_a_connection(folder):
    (command,) = [c for c in COMMANDS if "--driver remote" in c]
    if not (folder / "my_policy").exists():  # alone, without the test above
        for first in COMMANDS[:2]:
            assert run(shortened(first), folder).returncode == 0
    server = ServerProcess("place-orange", "sim")
    try:
        words = [
            f"url={server.url}" if word.startswith("url=") else word for word in shortened(command)
        ]
        done = run(words, folder)
        assert done.returncode == 0, done.stderr
    finally:
        server.abandon()
