"""Random crops while collecting: seeded, and never where a policy is evaluated."""

import numpy as np
import pytest

from policies.pictures.preprocessing import Preprocessing
from tests.helpers import seen
from zprl_env.errors import ConfigurationError
from zprl_env.seeing.crops import random_crops
from zprl_env.steering.wrapper import LatentSteeringWrapper
from zprl_env.testing import LinearPolicy


def test_the_centre_of_a_shifted_picture_is_a_crop_somewhere_else():
    crop = Preprocessing((9, 10), (6, 5))
    frames = np.random.default_rng(0).integers(0, 256, (50, 9, 10, 3), np.uint8)
    generators = [np.random.default_rng(seed) for seed in range(50)]
    shifted = random_crops({"front": frames}, ["front"], crop, generators)["front"]
    places = set()
    for before, after in zip(frames, crop.crop(shifted), strict=True):
        places |= {
            (top, left)
            for top in range(4)
            for left in range(6)
            if np.array_equal(before[top : top + 6, left : left + 5], after)
        }
    assert {top for top, _ in places} == {*range(4)}
    assert {left for _, left in places} == {*range(6)}


def test_the_same_seed_crops_alike_and_another_one_does_not(seen_policy):
    inside = seen.SeenEnv()
    env = LatentSteeringWrapper(inside, seen_policy, random_crop=True, sample_latent=False)
    plain = LatentSteeringWrapper(seen.SeenEnv(), seen_policy, sample_latent=False)
    first, again, centre = (e.reset(seed=1)[0] for e in (env, env, plain))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, centre)
    env.reset(seed=1)
    env._generator = np.random.default_rng(5)
    assert not np.array_equal(env._observe(inside._observation()), first)


@pytest.mark.parametrize(
    ("policy", "got"),
    [
        (lambda folder: LinearPolicy(3, 2), "LinearPolicy, which sees states"),
        (lambda folder: Unsaid(), "Unsaid, which says no crop"),
    ],
)
def test_there_must_be_something_to_crop(policy, got, seen_folder):
    from zprl_env.steering import LatentSteering

    with pytest.raises(ConfigurationError, match=f"random_crop must come .*{got}"):
        LatentSteering(policy(seen_folder), observation_dim=3, random_crop=True)


class Unsaid(LinearPolicy):
    """A policy that sees and says no crop."""

    cameras = ("front",)

    def __init__(self) -> None:
        super().__init__(3, 2)
