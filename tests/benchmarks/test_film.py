"""The animation shows an episode that only the steered policy solves."""

from __future__ import annotations

import pytest

import train_sb3
from benchmarks import film
from zprl_env.errors import ZprlError
from zprl_env.files import RunFolderError
from zprl_env.training.command_line import parse


@pytest.mark.filterwarnings("ignore::zprl_env.meaning.reach.NothingMovesWarning")
def test_an_agent_that_does_nothing_makes_no_film(point_task, point_policy, tmp_path):
    flags = f"--env {point_task} --policy {point_policy} --eval-episodes 1 --no-video"
    flags += " --validation-episodes 1 --total-env-steps 20 --warmup-decisions 5 --hidden 8 8"
    flags += f" --batch-size 4 --scale 1e-9 --noise fresh --out {tmp_path / 'run'}"
    run = train_sb3.finetune(parse(flags.split()))
    with pytest.raises(ZprlError, match=r"Expected an episode of 20 that only the agent solves"):
        film.animate(run, tmp_path / "out.gif")


def test_a_folder_that_is_no_run_s_is_told(tmp_path):
    with pytest.raises(RunFolderError, match=r"Expected a run's folder"):
        film.COMMAND.parse([str(tmp_path), str(tmp_path / "out.gif")])()
