"""The check of a policy finds what the wrappers ask, and what shows only in the environment."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.point import PointEnv
from tests.helpers.recording_env import RecordingEnv
from zprl_env import PolicyMismatchError
from zprl_env.testing import LinearPolicy, check_policy


class Far(LinearPolicy):
    """Overflows where the latent is far out."""

    def decode(self, latents, noise):
        with np.errstate(over="ignore", invalid="ignore"):
            far = np.where(np.abs(latents).max() >= 2.9, np.inf, 0.0)
            return (super().decode(latents, noise) + far).astype(np.float32)


class Large(LinearPolicy):
    def decode(self, latents, noise):
        return 50.0 + super().decode(latents, noise)


class Gripping(LinearPolicy):
    """Opens and shuts by 0 and 1."""

    def decode(self, latents, noise):
        actions = super().decode(latents, noise)
        actions[:, ::2, 1], actions[:, 1::2, 1] = 0.0, 1.0
        return actions


def test_a_sound_policy_passes_alone_and_in_its_environment():
    assert check_policy(LinearPolicy(3, 2)) == []
    assert check_policy(LinearPolicy(3, 2), PointEnv()) == []
    assert check_policy(LinearPolicy(3, 1), "Pendulum-v1") == []


def test_a_shipped_one_passes_by_its_name():
    assert check_policy("Lift") == []


def test_one_that_is_not_asked_to_encode_says_so():
    policy = LinearPolicy(3, 2)
    del policy.observation_dim
    assert "encode was not asked" in check_policy(policy)[0]


def test_one_that_overflows_is_named():
    with pytest.raises(PolicyMismatchError, match=r"actions must be finite for latents of 3"):
        check_policy(Far(3, 2))


def test_one_of_another_size_names_both_sides():
    with pytest.raises(PolicyMismatchError, match=r"fits: .*observations of size 4.* actions have"):
        check_policy(LinearPolicy(4, 5), RecordingEnv())


def test_actions_in_other_units_are_noted():
    (note,) = check_policy(Large(3, 2), RecordingEnv())
    assert note.startswith("100% of its actions' numbers are clipped: they go from 4")


def test_a_gripper_in_other_units_is_noted():
    notes = check_policy(Gripping(3, 2), RecordingEnv())
    assert "number 1 of its actions is only ever near 0 or 1" in notes[0]


def test_another_task_is_noted():
    policy, env = LinearPolicy(3, 2), PointEnv()
    policy.metadata = {"env_args": {"env_name": "Plane"}}  # type: ignore[attr-defined]
    assert "another environment: task 'Plane' and 'Point'" in check_policy(policy, env)[0]


def test_a_vector_is_refused():
    with pytest.raises(PolicyMismatchError, match=r"check_policy takes one gymnasium\.Env"):
        check_policy(LinearPolicy(3, 1), gym.make_vec("Pendulum-v1", 2))  # type: ignore[arg-type]
