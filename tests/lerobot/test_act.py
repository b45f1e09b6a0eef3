"""LeRobot's ACT: a latent of zeros is LeRobot's own policy, to the bit."""

import numpy as np
import pytest
import torch

from policies.errors import CheckpointError
from policies.foreign.lerobot import load
from policies.foreign.lerobot.checkpoint import LeRobotWarning
from policies.foreign.policy import ForeignPolicy
from tests.lerobot.policies import Reference, observations, spied


def decoded(policy, seen, latents=None):
    encoding = policy.encode(seen)
    noise = np.zeros((len(encoding.mean), *policy.noise_shape), np.float32)
    return policy.decode(encoding.mean if latents is None else latents, noise, encoding.context)


@pytest.mark.parametrize("kind", ["act", "act_sees"])
def test_a_rollout_with_zero_latents_is_lerobots_own_to_the_bit(saved, kind):
    reference, policy = Reference(saved(kind)), ForeignPolicy(load(str(saved(kind))))
    own, theirs = [], []
    for decision in range(2):
        shown = [observations(kind, 3, 10 * decision + step) for step in range(5)]
        own += [*decoded(policy, shown[0])[:, :5].swapaxes(0, 1)]
        theirs += [reference.act(seen) for seen in shown]
    np.testing.assert_array_equal(np.stack(own), np.stack(theirs))


def test_its_latent_is_zero_and_moves_its_actions(saved):
    policy = ForeignPolicy(load(str(saved("act"))))
    encoding = policy.encode(observations("act", 3))
    assert policy.latent_dim == 6
    assert not encoding.mean.any()
    assert not encoding.std.any()
    moved = decoded(policy, observations("act", 3), np.ones((3, 6), np.float32))
    assert np.abs(moved - decoded(policy, observations("act", 3))).max() > 1e-4


@pytest.mark.parametrize(("kind", "size"), [("act", 7), ("act_sees", 3 + 2 * 32)])
def test_an_agent_is_shown_states_and_a_mean_per_camera(saved, kind, size):
    policy = ForeignPolicy(load(str(saved(kind))))
    assert policy.encode(observations(kind, 2)).features.shape == (2, size)
    assert policy.feature_dim == size


@pytest.mark.parametrize("kind", ["act", "act_sees"])
def test_a_row_alone_is_what_it_is_in_a_batch(saved, kind):
    policy = ForeignPolicy(load(str(saved(kind))))
    seen = observations(kind, 3)
    one = {n: v[1:2] for n, v in seen.items()} if isinstance(seen, dict) else seen[1:2]
    np.testing.assert_allclose(decoded(policy, one), decoded(policy, seen)[1:2], atol=2e-5)


def test_one_decision_is_one_call_of_the_decoder(saved, monkeypatch):
    policy = ForeignPolicy(load(str(saved("act"))))
    calls = spied(monkeypatch, policy.generator.module.model.decoder, "forward")
    decoded(policy, observations("act", 2))
    assert len(calls) == 1


def test_its_loss_is_lerobots_without_the_latents(saved):
    generator, reference = load(str(saved("act"))), Reference(saved("act"))
    seen, actions = observations("act", 4), torch.rand(4, 10, 2)
    batch = {
        "observation.state": torch.from_numpy(seen[:, :3]),
        "observation.environment_state": torch.from_numpy(seen[:, 3:]),
        "action": actions,
    }
    normal = reference.before(batch)
    theirs = torch.nn.functional.l1_loss(reference.policy.model(normal)[0], normal["action"])
    loss = generator.loss(generator.embed(torch.from_numpy(seen)), actions)
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_without_the_variational_part_there_is_no_latent_to_steer(saved):
    with pytest.raises(CheckpointError, match="use_vae, whose latent is steered"):
        load(str(saved("act_without_latent")))


def test_ensembling_is_refused_or_switched_off_aloud(saved):
    with pytest.raises(CheckpointError, match=r"Add \?ensembling=off"):
        load(str(saved("act_ensembles")))
    with pytest.warns(LeRobotWarning, match="temporal ensembling is off"):
        assert load(f"{saved('act_ensembles')}?ensembling=off").n_action_steps == 1
