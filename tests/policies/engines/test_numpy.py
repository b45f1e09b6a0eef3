import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import policies
from policies.frozen import FrozenPolicy

PRETRAINED = Path(policies.__file__).parent / "pretrained"
SHIPPED = sorted(path.parent for path in PRETRAINED.glob("*/policy.json"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_policy_equals_torchs(path, assert_equal):
    ours, theirs = FrozenPolicy.load(path, "numpy"), FrozenPolicy.load(path, "torch")
    for size in (1, 3, 32):
        assert_equal(ours, theirs, size)


@pytest.mark.parametrize(
    "sizes",
    [
        {"encoder_hidden_dims": (), "bottleneck_hidden_dims": ()},
        {"encoder_hidden_dims": (7, 9, 8), "bottleneck_hidden_dims": (11,), "feature_dim": 5},
        {"n_euler_steps": 1, "n_blocks": 1, "hidden_dim": 1},
        {"n_euler_steps": 7, "n_blocks": 4, "hidden_dim": 33, "embedding_dim": 6},
    ],
    ids=str,
)
def test_any_sizes_will_do(sizes, small_config, frozen, assert_equal):
    config = dataclasses.replace(small_config, **sizes)
    assert_equal(frozen(config, "numpy"), frozen(config, "torch"), 1)


def test_a_mean_of_many_deviations_costs_no_digits(model, metadata, assert_equal):
    model.normalizer.observation_mean += 1e4
    ours, theirs = (FrozenPolicy(model, metadata, engine) for engine in ("numpy", "torch"))
    assert_equal(ours, theirs, 1)


def test_threads_do_not_get_in_each_others_way(policy):
    rng = np.random.default_rng(0)
    jobs = [(rng.normal(size=(1, 3)), rng.normal(size=(1, 4, 2))) for _ in range(200)]
    alone = [policy.decode(*job).tobytes() for job in jobs]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda job: policy.decode(*job).tobytes(), jobs)
        assert list(together) == alone


def test_latents_beyond_all_bounds_are_answered_without_a_warning(policy):
    policy.decode(np.full((1, 3), 3e38), np.full((1, 4, 2), 3e38))
    policy.encode(np.full((1, 5), -3e38))
