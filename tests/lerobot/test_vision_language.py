"""LeRobot's policies of vision and language: given noise, LeRobot's own chunk, to the bit."""

import numpy as np
import pytest
import torch

from policies.errors import ConfigurationError
from policies.foreign.lerobot import load
from policies.foreign.policy import ForeignPolicy
from tests.lerobot.policies import TASK, Reference, as_lerobot, noises, observations, spied

KIND = "smolvla_sees"


def chunk(policy, seen, noise):
    encoding = policy.encode(seen)
    return policy.decode(encoding.mean, noise, encoding.context)


@pytest.fixture(scope="module")
def policy(saved):
    return ForeignPolicy(load(f"{saved(KIND)}?task={TASK}"))


@pytest.mark.parametrize("kind", [KIND, "smolvla_sees_half"])
def test_a_chunk_is_lerobots_own_to_the_bit(saved, kind):
    policy = ForeignPolicy(load(f"{saved(kind)}?task={TASK}"))
    seen, noise = observations(kind, 3), noises(policy, 3)[0]
    own, reference = chunk(policy, seen, noise), Reference(saved(kind))
    theirs = [reference.act(seen, noise=torch.from_numpy(noise.copy())) for _ in range(3)]
    np.testing.assert_array_equal(own[:, :3].swapaxes(0, 1), np.stack(theirs))
    kinds = {parameter.dtype for parameter in reference.policy.parameters()}
    assert {parameter.dtype for parameter in policy.generator.module.parameters()} == kinds


def test_its_noise_is_wider_than_its_actions(policy):
    assert (policy.noise_shape, policy.action_dim) == ((6, 5), 2)


def test_it_is_asked_once_per_decision_and_the_noise_is_left_alone(policy, monkeypatch):
    calls = spied(monkeypatch, policy.generator.module.model, "sample_actions")
    seen, noise = observations(KIND, 2), noises(policy, 2)[0]
    before = noise.copy()
    first = chunk(policy, seen, noise)
    assert len(calls) == 1
    np.testing.assert_array_equal(noise, before)
    np.testing.assert_array_equal(chunk(policy, seen, noise), first)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (5, 0)])
def test_noise_where_actions_are_moves_them(policy, place):
    noise = noises(policy, 1)[0]
    other = noise.copy()
    at = (0, *place)
    other[at] += 1
    seen = observations(KIND, 1)
    assert not np.array_equal(chunk(policy, seen, noise), chunk(policy, seen, other))


def test_its_loss_is_lerobots(policy, saved):
    reference, seen, actions = Reference(saved(KIND)), observations(KIND, 3), torch.rand(3, 6, 2)
    batch = reference.before({**as_lerobot(seen), "task": [TASK] * 3, "action": actions})
    torch.manual_seed(5)
    theirs, _ = reference.policy.forward(batch)
    torch.manual_seed(5)
    loss = policy.generator.loss(policy.generator.embed(seen), actions)
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_the_task_reaches_it(policy, saved):
    other = ForeignPolicy(load(f"{saved(KIND)}?task=cube"))
    seen, noise = observations(KIND, 1), noises(policy, 1)[0]
    assert not np.array_equal(chunk(policy, seen, noise), chunk(other, seen, noise))


def test_without_a_task_it_is_not_loaded(saved):
    with pytest.raises(ConfigurationError, match=r"Add it to the address, .*\?task="):
        load(str(saved(KIND)))
