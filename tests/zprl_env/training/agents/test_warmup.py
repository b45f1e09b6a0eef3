"""The base policy's own decisions, put into the buffer before learning starts."""

from __future__ import annotations

import base64
import re
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import TD3
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.noise import NormalActionNoise

from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env import LatentSteeringWrapper
from zprl_env.errors import SimulationError
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.warmup import WarmUp, warm_up
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import off_policy_names
from zprl_env.training.watch.callbacks import ProgressCallback


def progress(history: History, budget: int = 10**6) -> BaseCallback:
    return ProgressCallback(history, budget, show=False)


def test_the_buffer_holds_the_base_policy_s_decisions():
    # Episodes of 5 steps are decisions of 2, 2 and 1 steps.
    model, recipe = make_small_model(RecordingEnv(truncate_at=5), sample_latent=False)
    history = History()
    warm_up(model, 7, progress(history))
    buffer = model.replay_buffer
    assert (model.num_timesteps, history.decisions, buffer.size()) == (7, 7, 7)
    assert history.env_steps == 2 * 5 + 2
    assert not buffer.actions.any()
    np.testing.assert_allclose(
        buffer.discounts[:7, 0], recipe.gamma ** np.array([2, 2, 1, 2, 2, 1, 2])
    )
    np.testing.assert_array_equal(np.flatnonzero(buffer.dones[:6]), [2, 5])


def test_what_follows_an_episode_s_last_decision_is_its_own_end():
    model, _ = make_small_model(RecordingEnv(truncate_at=5), sample_latent=False)
    warm_up(model, 6, progress(History()))
    before = model.replay_buffer.observations[:6, 0, 0]
    after = model.replay_buffer.next_observations[:6, 0, 0]
    np.testing.assert_allclose(before, [0.0, 0.2, 0.4, 0.0, 0.2, 0.4], atol=1e-6)
    np.testing.assert_allclose(after, [0.2, 0.4, 0.5, 0.2, 0.4, 0.5], atol=1e-6)


@pytest.mark.parametrize("end", ["truncate_at", "terminate_at"])
def test_a_time_out_is_told_from_success(end):
    model, _ = make_small_model(RecordingEnv(**{end: 4}))
    warm_up(model, 4, progress(History()))
    timed_out = model.replay_buffer.timeouts[:4, 0]
    np.testing.assert_array_equal(timed_out, [0, 1, 0, 1] if end == "truncate_at" else [0] * 4)


def test_learning_s_first_decision_does_not_follow_from_the_last_one():
    model, _ = make_small_model(RecordingEnv(truncate_at=9))
    warm_up(model, 3, progress(History()))
    buffer = model.replay_buffer
    assert (buffer.dones[2, 0], buffer.timeouts[2, 0]) == (1, 1)


def test_the_budget_ends_it():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    history = History()
    warm_up(model, 100, progress(history, budget=11))
    assert history.env_steps == 12


def test_nothing_is_played_where_nothing_is_asked_for():
    model, _ = make_small_model(RecordingEnv())
    warm_up(model, 0, progress(History()))
    assert model.replay_buffer.size() == 0


@pytest.mark.parametrize("algo", off_policy_names())
def test_the_library_s_own_warm_up_plays_the_base_policy_with_the_callback(algo):
    model, _ = make_small_model(RecordingEnv(truncate_at=5), algo, action_noise=0.5)
    model.learning_starts = 6
    usual = model.action_space, model.action_noise
    model.learn(10, callback=WarmUp(), log_interval=None)
    moved = model.replay_buffer.actions[:10].any(axis=(1, 2))
    assert moved.tolist() == [False] * 6 + [True] * 4
    assert model._n_updates == 4  # and none before
    assert (model.action_space, model.action_noise) == usual


def test_a_warm_up_that_never_ends_leaves_the_model_as_it_was():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    model.learning_starts = 100
    usual = model.action_space
    model.learn(7, callback=WarmUp(), log_interval=None)
    assert model.action_space is usual
    assert not model.replay_buffer.actions.any()


def test_it_may_perturb_a_little():
    model, _ = make_small_model(RecordingEnv(truncate_at=5), sample_latent=False)
    warm_up(model, 60, progress(History()), noise=0.1)
    actions = model.replay_buffer.actions[:60, 0]
    assert 0.08 < actions.std() < 0.12
    assert len(np.unique(actions)) == actions.size


class Ending(BaseCallback):
    """Ends training at its 20th decision, in a way of its own."""

    def __init__(self, how: str, env: RecordingEnv) -> None:
        super().__init__()
        self.how, self.env = how, env

    def _on_step(self) -> bool:
        if self.n_calls < 20:
            return True
        if self.how == "interruption":
            raise KeyboardInterrupt
        if self.how == "another callback":
            raise ZeroDivisionError
        if self.how == "the environment":
            self.env.spoil_at = 0
        return self.how != "a wish"


class Saving(BaseCallback):
    """Saves the model with every decision, as a checkpoint."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def _on_step(self) -> bool:
        self.model.save(self.path)
        return True


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("how", ["interruption", "another callback", "the environment", "a wish"])
def test_however_a_warm_up_ends_it_leaves_nothing_in_the_model(how, first, tmp_path):
    env = RecordingEnv(truncate_at=50)
    steered = LatentSteeringWrapper(env, LinearPolicy(3, 2), scale=0.5)
    noise = NormalActionNoise(np.zeros(2), np.full(2, 0.5))
    small = {"net_arch": [4]}
    model = TD3(
        "MlpPolicy", steered, learning_starts=50, action_noise=noise, policy_kwargs=small, seed=0
    )
    before = {name: value for name, value in vars(model).items() if name.startswith("action")}
    callbacks = [Ending(how, env), Saving(tmp_path / "model.zip")]
    callbacks.insert(0 if first else 2, WarmUp())
    with suppress(KeyboardInterrupt, ZeroDivisionError, SimulationError):
        model.learn(100, CallbackList(callbacks), log_interval=None)
    assert model.num_timesteps in (20, 21)
    assert not model.replay_buffer.actions.any()
    assert len(callbacks) == 3
    assert {name: vars(model)[name] for name in before} == before
    with zipfile.ZipFile(tmp_path / "model.zip") as saved:
        serialized = re.findall(rb'":serialized:": "([^"]*)"', saved.read("data"))
    assert len(serialized) > 3
    assert not [entry for entry in serialized if b"zprl_env" in base64.b64decode(entry)]

    env.spoil_at = 10**9
    model.learn(30, log_interval=None)
    assert np.abs(model.replay_buffer.actions[20:]).max() > 0.5


def test_callbacks_that_begin_with_training_have_begun_before_the_warm_up():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    model.learning_starts = 6
    seen: list[str] = []

    class Late(BaseCallback):
        def _on_training_start(self) -> None:
            seen.append("start")

        def _on_step(self) -> bool:
            seen.append("step")
            return True

    model.learn(8, CallbackList([WarmUp(), Late()]), log_interval=None)
    assert seen == ["start"] + ["step"] * 8


def test_a_progressive_warm_up_is_uniform_where_it_perturbs_at_all():
    model, _ = make_small_model(RecordingEnv(truncate_at=5), progressive_exploration=80)
    warm_up(model, 80, progress(History()))
    sizes = np.abs(model.replay_buffer.actions[:80, 0]).max(axis=1)
    assert 0.1 < (sizes > 0).mean() < 0.8
    assert (sizes[:20] > 0).mean() < (sizes[60:] > 0).mean()
    assert sizes.max() > 0.8


def test_a_callback_s_warm_up_may_be_of_gaussian_noise():
    model = TD3(
        "MlpPolicy",
        LatentSteeringWrapper(RecordingEnv(truncate_at=5), LinearPolicy(3, 2), scale=0.5),
        learning_starts=60,
        buffer_size=100,
    )
    model.learn(60, callback=WarmUp(noise=0.5))
    stored = model.replay_buffer.actions[:60]
    assert 0.3 < stored.std() < 0.7
    assert np.abs(stored).max() <= 1.0


def test_a_callback_that_ends_the_warm_up_ends_training():
    model, _ = make_small_model(RecordingEnv(truncate_at=5))
    assert warm_up(model, 4, progress(History()))
    assert not warm_up(model, 40, progress(History(), budget=6))
