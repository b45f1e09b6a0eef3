"""Agents in JAX do what those in torch do: start at the base policy, learn, come back, play."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env.errors import MissingExtraError
from zprl_env.evaluation import ModelAgent
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.jax_state import load_states, save_states
from zprl_env.training.agents.replay import AlternatingReplayBuffer
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.environment import evaluation_env
from zprl_env.training.learning import learn
from zprl_env.training.run.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from zprl_env.training.run.history import History
from zprl_env.training.watch.callbacks import ProgressCallback


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sbx", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[sbx\]"$'):
        make_small_model(PointEnv(), backend="sbx")


@pytest.fixture(scope="module")
def _installed():
    pytest.importorskip("sbx", reason="needs the sbx extra")


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("algo", ["sac", "tqc", "crossq", "ppo"])
def test_an_agent_starts_at_the_base_policy_learns_and_comes_back(algo, tmp_path):
    model, recipe = make_small_model(PointEnv(), algo, backend="sbx", hidden=(16, 16))
    rng = np.random.default_rng(0)
    observations = rng.normal(size=(50, *model.observation_space.shape)).astype(np.float32)
    before = ModelAgent(model)(observations)
    assert before.shape == (50, 2)
    assert 0 < np.abs(before).max() < 0.05

    history = History()
    learn(model, 8, 60, history, ProgressCallback(history, 60, show=False))
    assert history.env_steps >= 60
    after = ModelAgent(model)(observations)
    assert np.isfinite(after).all()
    assert (after != before).any()

    saved = save_checkpoint(tmp_path, model, history, model.get_env().place)
    assert not (saved / "model.zip").exists()
    assert (saved / "replay.safetensors").exists() == (algo != "ppo")
    other, _ = make_small_model(PointEnv(), algo, backend="sbx", hidden=(16, 16), seed=5)
    found = find_checkpoint(tmp_path, print)
    assert found is not None
    load_checkpoint(found, tmp_path, other, other.get_env())
    save_states(tmp_path / "again.safetensors", other)
    mine = load_file(tmp_path / "again.safetensors")
    theirs = load_file(saved / "model.safetensors")
    assert len(mine) > 30
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(mine[name], tensor, err_msg=name)
    other.learn(10, log_interval=None)

    env = evaluation_env(PointEnv(), LinearPolicy(3, 2), "latent", recipe)
    agent = load_agent(saved, algo, recipe, env, "sbx")
    np.testing.assert_array_equal(agent(observations), after)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("algo", ["sac", "tqc", "crossq"])
def test_targets_are_discounted_by_what_the_buffer_says(algo, tmp_path):
    model, recipe = make_small_model(PointEnv(), algo, backend="sbx")
    history = History()
    learn(model, 20, 40, history, ProgressCallback(history, 40, show=False))
    assert model.replay_buffer.n_steps == recipe.n_steps == 3
    save_states(tmp_path / "before", model)

    def trained(discount: float) -> dict[str, np.ndarray]:
        load_states(tmp_path / "before", model)
        model.replay_buffer.discounts[:] = discount
        np.random.seed(0)  # noqa: NPY002 - what the buffer draws from
        model.train(3, 4)
        save_states(tmp_path / "after", model)
        return load_file(tmp_path / "after")

    first, again, other = (trained(discount) for discount in (0.5, 0.5, 0.9))
    (critic, *_) = sorted(name for name in first if ".qf" in name and "kernel" in name)
    np.testing.assert_array_equal(first[critic], again[critic])
    assert (first[critic] != other[critic]).any()


@pytest.mark.usefixtures("_installed")
def test_the_recipe_s_settings_are_the_agent_s(tmp_path: Path):
    model, recipe = make_small_model(
        PointEnv(),
        backend="sbx",
        overlap=True,
        ent_coef="0.1",
        target_entropy=-0.5,
        n_critics=3,
        log_std_init=-1.0,
        updates_per_decision=2,
        learning_rate=1e-3,
    )
    assert isinstance(model.replay_buffer, AlternatingReplayBuffer)
    assert (model.learning_rate, model.tau, model.gradient_steps) == (1e-3, recipe.tau, 2)
    assert (model.target_entropy, model.gamma) == (-0.5, pytest.approx(recipe.gamma**2))
    save_states(tmp_path / "states", model)
    tensors = load_file(tmp_path / "states")
    assert sum("LayerNorm" in name and ".params" in name for name in tensors) == 4
    assert {tensors[n].shape[0] for n in tensors if "qf_state" in n and "kernel" in n} == {3}
    (log_std,) = (
        x for n, x in tensors.items() if "actor" in n and ".params" in n and "Dense_3']['bias" in n
    )
    np.testing.assert_array_equal(log_std, [-1.0, -1.0])
    history = History()
    learn(model, 4, 60, history, ProgressCallback(history, 60, show=False))
    assert history.env_steps >= 60
