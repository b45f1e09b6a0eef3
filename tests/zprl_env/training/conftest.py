import pytest
import torch

from zprl_env.testing import LinearPolicy
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config, save_config


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


TINY = ("--eval-episodes", "1", "--validation-episodes", "1", "--total-env-steps", "60")


@pytest.fixture
def tiny_config(point_task, point_policy, tmp_path):
    """Settings of the smallest run, with more flags or another policy."""

    def made(*flags, policy=point_policy):
        usual = ("--env", point_task, "--policy", str(policy), "--out", str(tmp_path / "run"))
        return parse(
            [
                *usual,
                *TINY,
                "--no-video",
                "--scale",
                "0.5",
                "--hidden",
                "8",
                "--warmup-decisions",
                "4",
                *map(str, flags),
            ]
        )

    return made


@pytest.fixture
def stored(tmp_path) -> Config:
    """Settings of a run that was started with flags, as they lie in its folder."""
    config = parse(["--algo", "ppo", "--seed", "3", "--gamma", "0.9", "--out", str(tmp_path)])
    save_config(tmp_path, config, LinearPolicy(3, 2))
    return config
