"""Options of acting: an averaged actor, the best of several actions, held exploration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.helpers.point import PointEnv
from tests.helpers.small_model import make_small_model, trained
from zprl_env.deploy.actor_layers import actor_of
from zprl_env.errors import ZprlError
from zprl_env.evaluation import ModelAgent
from zprl_env.training.agents.actors import SACPolicy

OBSERVATIONS = np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32)
GAUSSIAN = ["sac", "tqc", "crossq"]


@pytest.mark.parametrize("algo", GAUSSIAN)
def test_the_average_follows_the_actor_and_acts_for_it_without_exploration(algo):
    steps = 0
    model, _ = make_small_model(PointEnv(), algo, actor_average=0.75, learning_rate=3e-2)
    expected = {name: t.clone() for name, t in model.policy.average.state_dict().items()}
    parameters = {name for name, _ in model.actor.named_parameters()}

    def follow(*_) -> None:
        nonlocal steps
        steps += 1
        for name, tensor in model.actor.state_dict().items():
            averaged = name in parameters
            expected[name] = expected[name].lerp(tensor, 0.25) if averaged else tensor.clone()

    model.actor.optimizer.register_step_post_hook(follow)
    model.learn(30, log_interval=None)
    assert steps > 5
    for name, tensor in model.policy.average.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], msg=name)
    action = ModelAgent(model)(OBSERVATIONS)
    with torch.no_grad():
        by_average = model.policy.average(torch.as_tensor(OBSERVATIONS), deterministic=True)
        by_actor = model.actor(torch.as_tensor(OBSERVATIONS), deterministic=True)
    np.testing.assert_allclose(action, by_average.numpy(), atol=1e-6)
    assert np.abs(action - by_actor.numpy()).max() > 1e-3
    np.testing.assert_allclose(actor_of(model)(OBSERVATIONS), action, rtol=1e-5, atol=2e-6)


def test_an_average_changes_nothing_in_what_is_learned():
    plain, _, _ = trained("sac", learning_rate=3e-2)
    averaged, _, _ = trained("sac", learning_rate=3e-2, actor_average=0.9)
    for mine, theirs in zip(averaged.actor.parameters(), plain.actor.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("algo", GAUSSIAN)
def test_the_best_of_several_has_the_highest_q(algo):
    model, _ = make_small_model(PointEnv(), algo, best_of=8)
    model.policy.set_training_mode(False)
    observations = torch.as_tensor(OBSERVATIONS)
    with torch.no_grad():
        for parameter in model.critic.parameters():
            parameter.mul_(3.0)
        best = model.policy._predict(observations, deterministic=True)
        mean = model.actor(observations, deterministic=True)
        q_best = model.policy._q(model.critic(observations, best))
        q_mean = model.policy._q(model.critic(observations, mean))
    assert (q_best >= q_mean).all()
    assert (q_best > q_mean).float().mean() > 0.5
    agent = ModelAgent(model)
    alone = np.concatenate([agent(row[None]) for row in OBSERVATIONS])
    np.testing.assert_allclose(alone, agent(OBSERVATIONS), atol=1e-6)
    with pytest.raises(ZprlError, match=r"must act by its actor alone\. Got: best_of 8"):
        actor_of(model)


def test_exploration_is_held_for_as_many_decisions_as_asked():
    model, _ = make_small_model(PointEnv(), hold=3)
    observation = OBSERVATIONS[:1]
    actions = [model.predict(observation)[0] for _ in range(9)]
    runs = [actions[start : start + 3] for start in (0, 3, 6)]
    for run in runs:
        np.testing.assert_array_equal(run[0], run[1])
        np.testing.assert_array_equal(run[0], run[2])
    assert np.abs(runs[0][0] - runs[1][0]).max() > 1e-3
    assert np.abs(runs[1][0] - runs[2][0]).max() > 1e-3


def test_held_exploration_has_the_deviation_of_the_actor():
    model, _ = make_small_model(PointEnv(), hold=2, log_std_init=-3.0)
    actions = np.array([model.predict(OBSERVATIONS[:1])[0][0] for _ in range(4000)])
    np.testing.assert_allclose(actions.std(axis=0), np.exp(-3.0), rtol=0.05)


@pytest.mark.parametrize("options", [{"hold": 3}, {"best_of": 4}, {"actor_average": 0.9}])
def test_a_policy_that_is_saved_comes_back_and_goes_on_as_it_would_have(options, tmp_path):
    model, _ = make_small_model(PointEnv(), seed=1, **options)
    for _ in range(4):
        model.predict(OBSERVATIONS[:1])
    model.policy.save(tmp_path / "policy.pt")
    loaded = SACPolicy.load(tmp_path / "policy.pt", device="cpu")
    assert loaded.own == model.policy.own
    state = torch.get_rng_state()
    expected = model.predict(OBSERVATIONS[:1])[0]
    torch.set_rng_state(state)
    np.testing.assert_array_equal(loaded.predict(OBSERVATIONS[:1])[0], expected)


def test_defaults_add_nothing_to_the_library_s_policy():
    model, _ = make_small_model(PointEnv())
    assert model.policy.average is None
    names = {name.partition(".")[0] for name in model.policy.state_dict()}
    assert names == {"actor", "critic", "critic_target"}


@pytest.mark.parametrize("algo", GAUSSIAN)
def test_exploration_perturbs_more_and_more_decisions_and_evaluation_all(algo):
    model, _ = make_small_model(PointEnv(), algo, progressive_exploration=200, actor_init=1.0)
    perturbed = []
    for _ in range(60):
        actions, _ = model.predict(OBSERVATIONS[:5])
        perturbed.append((np.abs(actions).max(axis=1) > 0).mean())
    assert 0.0 < np.mean(perturbed[:10]) < 0.35  # 50 decisions of 200: an eighth on average
    assert 0.4 < np.mean(perturbed[20:30]) < 0.85
    assert np.mean(perturbed[40:]) == 1.0
    assert (np.abs(ModelAgent(model)(OBSERVATIONS)) > 0).any(axis=1).all()


def test_which_decisions_are_perturbed_is_saved_with_the_agent():
    first, _ = make_small_model(PointEnv(), progressive_exploration=100)
    first.policy.perturbed(20)
    second, _ = make_small_model(PointEnv(), progressive_exploration=100)
    second.policy.load_state_dict(first.policy.state_dict())
    assert torch.equal(first.policy.perturbed(20), second.policy.perturbed(20))
    assert not torch.equal(first.policy.perturbed(20), first.policy.perturbed(20))
