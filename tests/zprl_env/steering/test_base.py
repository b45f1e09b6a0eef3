"""What every way of steering shares: spaces, random generators, clipping, the zero action."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.errors import (
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
    SimulationError,
)
from zprl_env.steering.base import policy_generator
from zprl_env.steering.table import STEERINGS
from zprl_env.task import Facts
from zprl_env.testing import LinearPolicy

OPTIONS = {"observation_dim": 3, "scale": 0.5}


def make(name="latent", policy=None, **options):
    return STEERINGS[name].core(policy or LinearPolicy(3, 2), **OPTIONS | options)


@pytest.mark.parametrize("name", STEERINGS)
def test_a_zero_action_is_the_base_policy_to_the_bit(name):
    policy = LinearPolicy(3, 2)
    steering = make(name, policy, noise="fresh", sample_latent=True)
    seen = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    _, z = steering.observe(seen, [policy_generator(0), policy_generator(1)])
    zeros = np.zeros((2, steering.agent_dim))
    decision = steering.act(zeros, z, [policy_generator(2), policy_generator(3)])
    draws = [policy_generator(seed).standard_normal((4, 2)) for seed in (2, 3)]
    expected = policy.decode(z, np.asarray(draws, np.float32))[:, : policy.n_action_steps]
    assert decision.chunks.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", STEERINGS)
def test_numbers_beyond_the_bounds_are_clipped_once_for_all_that_looks_at_them(name):
    steering = make(name)
    z, size = np.ones((1, 2), np.float32), steering.agent_dim
    far = steering.act(np.full((1, size), 7.0), z, [policy_generator(0)])
    near = steering.act(np.ones((1, size)), z, [policy_generator(0)])
    assert far.chunks.tobytes() == near.chunks.tobytes()
    assert steering.measure(far) == steering.measure(near)


@pytest.mark.parametrize("name", STEERINGS)
def test_a_formula_is_the_same_for_numpy_and_torch(name):
    torch = pytest.importorskip("torch")
    steering, rng = make(name), np.random.default_rng(0)
    shapes = ((5, steering.agent_dim), (5, 2), (5, 4, 2))
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    expected = steering.perturb(*arrays)
    for constant in steering.constants:
        value = torch.as_tensor(getattr(steering, constant), dtype=torch.float32)
        setattr(steering, constant, value)
    got = steering.perturb(*map(torch.as_tensor, arrays))
    for ours, theirs in zip(got, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6)


def test_environments_in_a_batch_draw_what_they_would_draw_alone():
    steering = make()
    seen, z = np.ones((2, 3), np.float32), np.zeros((2, 2), np.float32)
    together, _ = steering.observe(seen, [policy_generator(4), policy_generator(5)])
    alone, _ = steering.observe(seen[1:], [policy_generator(5)])
    np.testing.assert_array_equal(together[1], alone[0])
    chunks = steering.act(np.zeros((2, 2)), z, [policy_generator(4), policy_generator(5)]).chunks
    single = steering.act(np.zeros((1, 2)), z[1:], [policy_generator(5)]).chunks
    np.testing.assert_array_equal(chunks[1], single[0])


def test_defaults_are_the_steering_s_own_and_else_the_task_s():
    facts = Facts(scale=0.3, noise="fresh:0.7")
    assert STEERINGS["latent"].defaults(facts) == {
        "scale": 0.3,
        "noise": "fresh:0.7",
        "sample_latent": True,
    }
    assert STEERINGS["action"].defaults(facts)["noise"] == "fresh:0.7"
    assert STEERINGS["action"].defaults(facts)["scale"] == 0.2
    assert STEERINGS["noise"].defaults(facts)["noise"] == "zero"
    assert STEERINGS["joint"].defaults(facts)["scale"] == 0.3


def test_what_is_not_finite_or_of_another_shape_is_refused():
    steering, generators = make(), [policy_generator(0)]
    z = np.zeros((1, 2), np.float32)
    with pytest.raises(InvalidActionError, match=r"action of shape \(2,\)\. Got: \(3,\)"):
        steering.act(np.zeros((1, 3)), z, generators)
    with pytest.raises(InvalidActionError, match="finite action"):
        steering.act(np.array([[0.0, np.nan]]), z, generators)
    with pytest.raises(SimulationError, match=r"NaN or infinity at \(row, index\) \[\[0, 1\]\]"):
        steering.observe(np.array([[0.0, np.inf, 0.0]]), generators)


def test_what_the_agent_sees_is_one_of_three():
    assert make(observation="both").observation_space.shape == (3 + 3 + 2,)
    assert make(observation="state").observation_space.shape == (3 + 2,)
    with pytest.raises(ConfigurationError, match=r"observation must be one of .* Got: 'all'"):
        make(observation="all")
    policy = LinearPolicy(3, 2)
    policy.__class__ = type("Blind", (LinearPolicy,), {"normalize": property()})
    with pytest.raises(PolicyMismatchError, match="needs a policy with normalize"):
        make(policy=policy, observation="state")
