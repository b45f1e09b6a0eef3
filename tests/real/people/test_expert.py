"""The scripted person does the task through the clutch, and takes over when a policy fails."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from real.env import RealRobotEnv
from real.people.expert import ExpertTeleoperator
from real.tasks.files import load_preset
from zprl_env.envs.takeover import TAKEOVER
from zprl_env.errors import ConfigurationError

STAY = np.array([0, 0, 0, 0, 1, 0, 0, 1], np.float32)


def play(most=450, driver="ideal", task="place-orange", **options):
    """Play one episode with a policy that stays where it is; return who made each step, the end."""
    people: dict[str, Any] = {"teleoperator": "expert", "teleoperator_kwargs": options}
    env = RealRobotEnv(task, driver=driver, observation="state", **people)
    env.reset(seed=0)
    who: list[str] = []
    over = False
    while not over and len(who) < most:
        *_, terminated, truncated, info = env.step(STAY)
        who.append(info[TAKEOVER]["by"])
        over = terminated or truncated
    env.close()
    return who, info.get("outcome", {}).get("outcome")


@pytest.mark.parametrize("task", ["place-orange", "place-orange-pixels"])
def test_it_takes_the_arm_of_a_policy_that_is_stuck_and_does_the_task(task):
    # A policy that sees is told of no object; whoever stands beside the arm looks at them.
    who, outcome = play(task=task, skill=1.0)
    assert outcome == "success"
    taken = who.index("person")
    assert 60 <= taken <= 90  # two seconds of nothing, and a start
    assert set(who[taken:]) == {"person"}


def test_it_gives_the_arm_back_after_a_stint_and_takes_it_again():
    who, _ = play(most=150, patience=1.0, stint=0.1)
    assert sum(a != b for a, b in pairwise(who)) >= 3


def test_chance_is_the_seeds():
    first, again, other = (play(60, seed=seed, patience=1.0) for seed in (5, 5, 6))
    assert first == again != other


def test_what_is_impossible_is_refused():
    with pytest.raises(ConfigurationError, match="patience must be at least 0"):
        ExpertTeleoperator(load_preset("place-orange"), patience=-1.0)
