"""What is not finite is refused at the step at which it enters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env import ActionChunkWrapper
from zprl_env.errors import SimulationError
from zprl_env.training.agents.divergence import check_replay
from zprl_env.training.learning import learn
from zprl_env.training.run.history import History
from zprl_env.training.watch.callbacks import ProgressCallback

NAN, INF = float("nan"), float("inf")


class SpoiledEnv(RecordingEnv):
    """One number of its fifth step is what it is told."""

    def __init__(self, part: str = "", value: Any = 0.0) -> None:
        super().__init__(truncate_at=20)
        self.part, self.value = part, value

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        if len(self.actions) == 5 or (self.part == "observation" and len(self.actions) == 6):
            if self.part == "reward":
                reward = self.value
            elif self.part == "observation":
                observation = observation.astype(np.float64)
                observation[1] = self.value
            elif self.part:
                info[self.part] = self.value
        return observation, reward, terminated, truncated, info


REFUSED = [
    ("reward", NAN, r"^Expected a finite reward\. Got: nan at step 5 of the episode\. Nothing was"),
    ("reward", -INF, r"a finite reward\. Got: -inf at step 5"),
    ("reward", np.float64(1e39), r"a finite reward\. Got: 1e\+39 at step 5"),
    ("is_success", NAN, r"a finite is_success\. Got: nan at step 5"),
    ("succeed", NAN, r"a finite succeed\. Got: nan at step 5"),
    (
        "observation",
        NAN,
        r"finite observations\. Got: NaN or infinity at index \[1\] ",
    ),
    (
        "observation",
        1e39,
        r"at index \[1\] after step 6 of the episode\. The simulation",
    ),
]


@pytest.mark.parametrize(("part", "value", "message"), REFUSED)
def test_its_step_is_named(part, value, message):
    env = ActionChunkWrapper(SpoiledEnv(part, value), n_action_steps=3)
    env.reset()
    env.step(np.zeros((3, 2)))
    with pytest.raises(SimulationError, match=message):
        env.step(np.zeros((3, 2)))  # steps are counted over chunks


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("algo", ["sac", "ppo"])
@pytest.mark.parametrize("part", ["reward", "is_success", "observation"])
def test_no_agent_learns_from_it(part, algo, overlap):
    if overlap and algo == "ppo":
        pytest.skip("an on-policy agent does not overlap")
    model, _ = make_small_model(SpoiledEnv(part, NAN), algo, overlap=overlap)
    history = History()
    with pytest.raises(SimulationError, match=r"step [56] of the episode"):
        learn(model, 4, 50, history, ProgressCallback(history, 50, show=False))
    if algo == "sac":
        check_replay(model.replay_buffer)


def test_the_replay_buffer_takes_nothing_that_is_not_finite():
    model, _ = make_small_model(RecordingEnv(truncate_at=9))
    model.learn(3, log_interval=None)
    buffer = model.replay_buffer
    obs = buffer.observations[0]
    for name in ("observation", "next observation", "action", "reward"):
        parts = {
            "observation": obs,
            "next observation": obs,
            "action": np.zeros((1, 2)),
            "reward": np.zeros(1),
        }
        parts[name] = np.full_like(parts[name], NAN)
        with pytest.raises(SimulationError, match=f"a finite {name} to learn .* in decision 4 of"):
            buffer.add(*parts.values(), np.zeros(1), [{"env_steps": 2}])
    assert buffer.size() == 3
