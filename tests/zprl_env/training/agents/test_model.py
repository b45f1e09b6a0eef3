"""Models start at the base policy, learn reproducibly and leave the policy as it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import sb3_contrib
import torch
from stable_baselines3.common.callbacks import CallbackList

from policies.frozen import FrozenPolicy
from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model
from zprl_env import LatentSteeringWrapper
from zprl_env.errors import ZprlError
from zprl_env.evaluation import ModelAgent, RememberingAgent, evaluate
from zprl_env.testing import LinearPolicy
from zprl_env.training.agents.networks import EnsembleCritic
from zprl_env.training.agents.replay import AlternatingReplayBuffer
from zprl_env.training.learning import learn
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import off_policy_names
from zprl_env.training.settings.recipe import recipe_for
from zprl_env.training.watch.callbacks import ProgressCallback

VARIANTS = [
    ("sac", {}),
    ("sac", {"use_sde": True}),
    ("sac", {"layer_norm": False}),
    ("td3", {}),
    ("td3", {"layer_norm": False}),
    ("tqc", {}),
    ("tqc", {"use_sde": True}),
    ("crossq", {}),
    ("crossq", {"use_sde": True}),
    ("ppo", {}),
    ("ppo", {"use_sde": True}),
    ("trpo", {}),
    ("trpo", {"use_sde": True}),
    ("ppo_lstm", {}),
    ("ppo_lstm", {"use_sde": True}),
]


@pytest.mark.parametrize(("algo", "settings"), VARIANTS)
def test_the_first_mean_action_is_about_zero(algo, settings):
    model, _ = make_small_model(PointEnv(), algo, hidden=(64, 64), **settings)
    agent = ModelAgent(model)
    observations = np.random.default_rng(0).normal(size=(200, *model.observation_space.shape))
    actions = agent(observations.astype(np.float32))
    assert actions.shape == (200, 2)
    assert 0 < np.abs(actions).max() < 0.05


@pytest.mark.parametrize(("algo", "settings"), VARIANTS)
def test_every_kind_of_model_learns(algo, settings):
    model, _ = make_small_model(PointEnv(), algo, **settings)
    before = parameters_hash(model)
    model.learn(20, log_interval=None)
    assert parameters_hash(model) != before
    assert all(torch.isfinite(p).all() for p in model.policy.parameters())


def test_a_model_discounts_per_decision():
    model, recipe = make_small_model(PointEnv(), "ppo")
    assert model.gamma == pytest.approx(recipe.gamma**2)
    model, recipe = make_small_model(PointEnv(), n_steps=3)
    assert (model.replay_buffer.gamma, model.replay_buffer.n_steps) == (recipe.gamma, 3)
    assert isinstance(model.critic, EnsembleCritic)


@pytest.mark.parametrize("algo", off_policy_names())
def test_targets_are_discounted_by_what_the_buffer_says(algo):
    """An algorithm that did not read it could not use n_steps: its own discount is of one."""
    hashes = set()
    for discount in (0.5, 0.9, 0.9):
        model, recipe = make_small_model(PointEnv(), algo)
        model.learn(10, log_interval=None)
        assert model.replay_buffer.n_steps == recipe.n_steps == 3
        model.replay_buffer.discounts[:] = discount
        model.train(3, 4)
        hashes.add(parameters_hash(model))
    assert len(hashes) == 2


@pytest.mark.parametrize("algo", off_policy_names())
def test_replay_of_overlapped_learning_is_every_off_policy_algorithm_s(algo):
    model, _ = make_small_model(PointEnv(), algo, overlap=True)
    assert isinstance(model.replay_buffer, AlternatingReplayBuffer)
    history = History()
    learn(model, 4, 60, history, ProgressCallback(history, 60, show=False))
    assert history.env_steps >= 60


def test_td3_explores_by_noise_and_its_target_starts_where_its_actor_does():
    model, recipe = make_small_model(PointEnv(), "td3", hidden=(64, 64))
    assert isinstance(model.critic, EnsembleCritic)
    observations = torch.randn(50, *model.observation_space.shape)
    torch.testing.assert_close(model.actor(observations), model.actor_target(observations))
    model.num_timesteps = 1  # past learning_starts
    model._last_obs = observations.numpy()
    actions, _ = model._sample_action(0, model.action_noise, 50)
    assert actions.std() == pytest.approx(recipe.action_noise, rel=0.5)


def test_crossq_keeps_its_own_momentum():
    model, _ = make_small_model(PointEnv(), "crossq")
    assert model.critic.optimizer.param_groups[0]["betas"] == (0.5, 0.999)


def test_a_setting_that_an_algorithm_lacks_is_refused_and_not_ignored():
    with pytest.raises(ZprlError, match="layer_norm must be False with --algo tqc"):
        make_small_model(PointEnv(), "tqc", layer_norm=True)


def test_entropy_is_given_as_stable_baselines_means_it():
    assert make_small_model(PointEnv(), target_entropy=-0.5)[0].target_entropy == -0.5
    assert make_small_model(PointEnv(), target_entropy=None)[0].target_entropy == -2.0
    assert recipe_for("sac", "paper", "latent").target_entropy == -8 / 2
    assert recipe_for("sac", "paper", "latent", "Transport").target_entropy == -16 / 2


def test_stable_baselines_own_settings_are_the_recipe_s():
    model, recipe = make_small_model(
        PointEnv(), learning_rate=1e-3, tau=0.02, updates_per_decision=3
    )
    assert (model.learning_rate, model.tau, model.gradient_steps) == (1e-3, 0.02, 3)
    assert model.learning_starts == 0
    assert model.batch_size == recipe.batch_size


@pytest.mark.parametrize(
    ("name", "options"),
    [("TQC", {}), ("CrossQ", {}), ("TRPO", {"n_steps": 16, "batch_size": 16})],
)
def test_other_people_s_algorithms_take_the_steered_environment(name, options):
    env = LatentSteeringWrapper(PointEnv(), LinearPolicy(3, 2), scale=0.5)
    options = {"policy_kwargs": {"net_arch": [8, 8]}, "device": "cpu", "seed": 0, **options}
    if name != "TRPO":
        options |= {"learning_starts": 10, "batch_size": 8, "buffer_size": 100}
    model = getattr(sb3_contrib, name)("MlpPolicy", env, **options)
    model.learn(50)
    assert model.num_timesteps >= 50


def test_a_recurrent_agent_remembers_its_episode_and_nothing_of_the_one_before():
    model, _ = make_small_model(PointEnv(), "ppo_lstm", actor_init=1.0)
    env = LatentSteeringWrapper(PointEnv(), LinearPolicy(3, 2), scale=0.5)
    observation, _ = env.reset(seed=0)
    other = observation + 1.0
    agent = ModelAgent(model)
    assert isinstance(agent, RememberingAgent)
    first, second = agent(observation), agent(observation)
    assert not np.array_equal(first, second)
    agent.begin_episode()
    np.testing.assert_array_equal(agent(observation), first)
    agent(other)
    assert not np.array_equal(agent(observation), second)

    # As Stable-Baselines3's own evaluation does it, with states and episode starts in the open.
    agent.begin_episode()
    state, starts = None, np.array([True])
    for seen in (observation, other, observation):
        expected, state = model.predict(seen[None], state, starts, deterministic=True)
        np.testing.assert_array_equal(agent(seen), expected[0])
        starts = np.array([False])


def test_a_recurrent_agent_is_evaluated_alike_in_any_order():
    model, _ = make_small_model(PointEnv(), "ppo_lstm", actor_init=1.0)
    env = LatentSteeringWrapper(
        gym.wrappers.TimeLimit(PointEnv(), 20), LinearPolicy(3, 2), scale=0.5
    )
    agent = ModelAgent(model)
    there = evaluate(env, agent, [1, 2, 3, 4])
    back = evaluate(env, agent, [4, 3, 2, 1])
    assert there.lengths.tolist() == back.lengths.tolist()[::-1]


def parameters_hash(model) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.policy.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def trained(policy, seed: int, decisions: int):
    """Learn for some decisions, warm-up included, as train_sb3.py does."""
    model, _ = make_small_model(PointEnv(), seed=seed, policy=policy, noise="fresh")
    history = History()
    callback = CallbackList([ProgressCallback(history, 2 * decisions, show=False)])
    learn(model, 50, 2 * decisions, history, callback)
    assert history.decisions >= decisions
    return model


def test_the_same_seed_is_the_same_training(point_policy):
    policy = FrozenPolicy.load(point_policy)
    first, again, other = (parameters_hash(trained(policy, seed, 300)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_policy_is_frozen(point_policy):
    policy = FrozenPolicy.load(point_policy)
    before = policy.weights_hash
    observations = np.ones((1, 3), np.float32)
    encoding = policy.encode(observations)
    trained(policy, 0, 100)
    assert policy.weights_hash == before == FrozenPolicy.load(point_policy).weights_hash
    for mine, theirs in zip(policy.encode(observations), encoding, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_published_settings_build():
    settings = vars(
        replace(recipe_for("sac", "paper", "latent"), buffer_size=10, warmup_decisions=0)
    )
    model, _ = make_small_model(PointEnv(), **settings)
    assert not isinstance(model.critic, EnsembleCritic)
    assert [layer.out_features for layer in model.actor.latent_pi[::2]] == [256, 256, 256]
