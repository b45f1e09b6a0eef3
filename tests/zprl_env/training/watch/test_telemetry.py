"""How an agent steers, as curves over environment steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.vec_env import DummyVecEnv
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import train_sb3
from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env import ActionChunkWrapper, ConfigurationError, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.warmup import warm_up
from zprl_env.training.command_line import parse
from zprl_env.training.watch.telemetry import SteeringTelemetry


class Kept(KVWriter):
    """Keeps what is logged, by step."""

    def __init__(self) -> None:
        self.points: list[tuple[int, dict]] = []

    def write(self, key_values, key_excluded, step=0):
        self.points.append((step, dict(key_values)))


class WatchedEnv(LatentSteeringWrapper):
    """Remembers what the agent did, and what was said of it."""

    def __init__(self, **options):
        super().__init__(RecordingEnv(**options), LinearPolicy(3, 2), scale=0.5)
        self.actions: list[np.ndarray] = []
        self.told: list[dict] = []

    def step(self, action):
        self.actions.append(action)
        result = super().step(action)
        self.told.append(result[-1]["steering"])
        return result


def learn(model, decisions: int, **options) -> list[tuple[int, dict]]:
    """Learn; return the points of the steering's curves."""
    kept = Kept()
    model.set_logger(Logger(None, [kept]))
    model.learn(decisions, callback=SteeringTelemetry(**options))
    return [(step, point) for step, point in kept.points if "steering/ratio" in point]


def curves_in(folder: Path) -> EventAccumulator:
    """What TensorBoard shows of a folder."""
    return EventAccumulator(str(folder)).Reload()


def test_a_point_is_over_the_decisions_since_the_one_before():
    env = WatchedEnv(truncate_at=5)  # decisions of 2, 2 and 1 steps
    model = SAC("MlpPolicy", env, learning_starts=0, buffer_size=100, batch_size=4, seed=0)
    points = learn(model, 9, every=5)
    assert [step for step, _ in points] == [5, 10, 15]
    actions = np.array(env.actions)
    for index, (_, point) in enumerate(points):
        part = slice(3 * index, 3 * index + 3)
        rms = np.sqrt(np.mean((0.5 * actions[part]) ** 2))  # RMS(z) is 1
        assert point["steering/ratio"] == pytest.approx(rms, rel=1e-5)
        share = np.mean(np.abs(actions[part]) > 0.95)
        assert point["steering/saturation"] == pytest.approx(share)
        distances = [told["distance"] for told in env.told[part]]
        assert point["steering/distance"] == pytest.approx(np.sqrt(np.mean(np.square(distances))))
        assert point["steering/success_rate"] == 0.0


def test_the_axis_is_environment_steps_and_the_algorithm_s_own_curves_stay_where_they_are(tmp_path):
    env = WatchedEnv(terminate_at=6)
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, n_epochs=1, tensorboard_log=tmp_path)
    model.learn(16, callback=SteeringTelemetry(every=10))
    (folder,) = tmp_path.iterdir()
    curves = curves_in(folder)
    assert [e.step for e in curves.Scalars("steering/ratio")] == [10, 20, 30, 32]  # of 32 steps
    assert [e.step for e in curves.Scalars("rollout/ep_len_mean")] == [8, 16]  # of 16 decisions
    assert curves.Scalars("steering/success_rate")[-1].value == 1.0
    assert "steering/env_steps" not in curves.Tags()["scalars"]


def test_several_environments_are_counted_together():
    def make() -> ActionChunkWrapper:
        return ActionChunkWrapper(RecordingEnv(), 2)

    envs = SteeringVecEnv(DummyVecEnv([make] * 3), LinearPolicy(3, 2), scale=0.5)
    model = PPO("MlpPolicy", envs, n_steps=4, batch_size=12, n_epochs=1)
    points = learn(model, 12, every=12)
    assert [step for step, _ in points] == [12, 24]
    assert "steering/success_rate" not in points[0][1]  # no episode has ended


def test_a_resumed_run_s_curves_go_on():
    model = SAC("MlpPolicy", WatchedEnv(), learning_starts=100, buffer_size=100)
    assert [step for step, _ in learn(model, 4, every=10, env_steps=104)] == [110, 112]


def test_the_base_policy_s_warm_up_is_watched_as_well():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    kept = Kept()
    model.set_logger(Logger(None, [kept]))
    warm_up(model, 6, SteeringTelemetry(every=5))
    assert [step for step, _ in kept.points] == [5, 10]
    for _, point in kept.points:
        assert (point["steering/ratio"], point["steering/saturation"]) == (0.0, 0.0)


def test_an_environment_that_nobody_steers_is_refused():
    model = SAC("MlpPolicy", RecordingEnv(), learning_starts=100, buffer_size=100)
    with pytest.raises(ConfigurationError, match="Wrap yours in LatentSteeringWrapper"):
        model.learn(2, callback=SteeringTelemetry())
    with pytest.raises(ConfigurationError, match=r"every must be at least 1\. Got: 0"):
        SteeringTelemetry(every=0)


def test_the_training_script_draws_the_curves_and_goes_on_with_them(
    point_task, point_policy, tmp_path
):
    flags = ["--env", point_task, "--policy", str(point_policy), "--hidden", "8", "--no-video"]
    flags += ["--eval-episodes", "1", "--validation-episodes", "1", "--warmup-decisions", "20"]
    flags += ["--batch-size", "4", "--updates-per-decision", "1", "--out", str(tmp_path)]
    train_sb3.finetune(parse([*flags, "--total-env-steps", "100"]))
    train_sb3.finetune(parse(["--resume-from", str(tmp_path), "--total-env-steps", "140"]))
    curves = curves_in(tmp_path / "tensorboard" / "Point-sac-seed0")
    first, second = (event.step for event in curves.Scalars("steering/ratio"))
    assert 100 <= first <= 101
    assert 140 <= second <= 141
    assert curves.Scalars("steering/ratio")[-1].value > 0.1
    assert curves.Scalars("rollout/success_rate")[-1].step <= second
