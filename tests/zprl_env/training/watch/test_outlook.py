"""What a run says at once: task, policy, algorithm, folder, what comes and how long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zprl_env.errors import CheckpointError
from zprl_env.evaluation import EvaluationResult
from zprl_env.tasks import TASKS
from zprl_env.training.command_line import parse
from zprl_env.training.watch.outlook import (
    announce,
    announce_evaluation,
    card_of,
    correct,
    describe_policy,
    duration,
    look_ahead,
)

ROOT = Path(__file__).parents[4]


def lines(*flags: str) -> list[str]:
    said: list[str] = []
    announce(parse([*flags]), Path("runs/x"), said.append)
    return said


def test_the_first_lines_name_everything():
    said = "\n".join(lines("--env", "Lift", "--algo", "sac", "--seed", "3"))
    for part in (
        "task       Lift (robosuite), at most 150 steps; seed 3",
        "policy     Lift, shipped: 50 % of 200 episodes succeed (its card)",
        "algorithm  sac (Stable-Baselines3), steering at: latent",
        "folder     runs/x",
        "200 episodes of the base policy, 80,000 env steps",
        "5 x 50 validation and 100 steered episodes",
    ):
        assert part in said
    assert "quick" not in said


@pytest.mark.parametrize("env", TASKS)
@pytest.mark.parametrize("quick", [[], ["--quick"]])
def test_they_fit_a_terminal_on_every_task(env, quick):
    said = lines("--env", env, "--make-policy", "--algo", "sac", *quick)
    assert max(map(len, said)) <= 80
    assert ("quick" in said[-1]) == bool(quick)


def test_they_come_before_anything_heavy_is_imported():
    code = (
        "import sys; from pathlib import Path; import train_sb3;"
        "config = train_sb3.parse(['--env', 'Lift', '--quick']);"
        "train_sb3.announce(config, Path('runs'));"
        "print({'torch', 'stable_baselines3', 'robosuite', 'mujoco', 'numba', 'scipy',"
        " 'matplotlib'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


class TestThePolicy:
    def test_of_one_s_own_is_named_and_its_success_is_not_known(self, point_task, point_policy):
        config = parse(["--env", point_task, "--policy", str(point_policy)])
        assert describe_policy(config) == f"{point_policy}, a folder: its success is not known yet"

    def test_that_has_a_card_is_told_by_it(self, point_task, point_policy, tmp_path):
        card = {"success_rate": 0.25, "episodes": 8, "mean_length": 12.5}
        (tmp_path / "evaluation.json").write_text(json.dumps(card))
        config = parse(["--env", point_task, "--policy", str(tmp_path)])
        assert describe_policy(config).endswith("a folder: 25 % of 8 episodes succeed (its card)")
        assert look_ahead(config).length == 12.5

    @pytest.mark.parametrize("text", ["", "[1]", "{", '{"success_rate": "high", "episodes": null}'])
    def test_with_a_damaged_card_is_one_without(self, text, point_task, tmp_path):
        (tmp_path / "evaluation.json").write_text(text)
        config = parse(["--env", point_task, "--policy", str(tmp_path)])
        assert card_of(config) == {}
        assert describe_policy(config).endswith("its success is not known yet")

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--policy", "my_lab:make"], "my_lab:make, your own code: its success is not known"),
            (["--policy", "hf://user/name"], "hf://user/name, from the hub: its success is not"),
            (["--env", "assembly", "--make-policy"], "none there yet: is made first"),
        ],
    )
    def test_that_cannot_be_looked_at_is_named_all_the_same(
        self, flags, said, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        assert describe_policy(parse(flags)).startswith(said)

    @pytest.mark.parametrize("env", ["assembly", "Pendulum-v1", "ToolHang"])
    def test_that_is_not_there_is_refused_before_a_line_is_said(self, env, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        said: list[str] = []
        with pytest.raises(CheckpointError, match=r"no policy (comes with|is shipped for)"):
            announce(parse(["--env", env]), Path("runs/x"), said.append)
        assert said == []


def test_a_run_without_evaluation_promises_none():
    said = lines("--env", "Lift", "--evaluate", "False", "--total-env-steps", "9000")
    assert said[4] == "to come    9,000 env steps of learning, without an evaluation"
    assert "episodes" not in "".join(said[4:])
    usual = lines("--env", "Lift", "--total-env-steps", "9000")
    minutes = [int(line.split("about ")[1].split()[0]) for line in (said[5], usual[6])]
    assert minutes[0] < minutes[1]


def test_a_resumed_run_has_less_before_it():
    config = parse(["--algo", "sac"])
    whole, rest = look_ahead(config), look_ahead(config, done=45_000, base_known=True)
    assert (whole.bases, whole.evaluations, whole.env_steps) == (200, 5, 80_000)
    assert (rest.bases, rest.evaluations, rest.env_steps) == (0, 2, 35_000)
    assert rest.seconds(config, 900) < whole.seconds(config, 900)


def test_the_time_is_corrected_by_what_was_measured():
    config, said = parse(["--algo", "sac"]), list[str]()
    played = EvaluationResult(np.arange(100), np.ones(100, bool), np.full(100, 90))
    for seconds in (10.0, 100.0):
        correct(config, [played], seconds, said.append)
    fast, slow = said
    assert fast.startswith("Played at 900 env steps/s; the rest takes about ")
    assert slow.startswith("Played at 90 env steps/s; the rest takes about ")
    assert int(fast.split()[-2]) < int(slow.split()[-2])


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (7300, "2.0 h")]
)
def test_a_length_of_time_is_never_nought_minutes(seconds, said):
    assert duration(seconds) == said


def test_an_evaluation_says_what_it_plays():
    said: list[str] = []
    announce_evaluation(parse(["--algo", "sac"]), 50, Path("runs/x"), said.append)
    assert said[0] == "task       Lift"
    assert said[2] == "agent      runs/x (sac, steering at: latent)"
    assert said[3].startswith("to come    150 episodes, about ")
