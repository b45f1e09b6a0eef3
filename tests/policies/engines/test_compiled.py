import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import policies
from policies.errors import PolicyMismatchError
from policies.frozen import FrozenPolicy

PRETRAINED = Path(policies.__file__).parent / "pretrained"
SHIPPED = sorted(
    path.parent for path in PRETRAINED.glob("*/policy.json") if "-pixels" not in path.parent.name
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_policy_equals_torchs(path, assert_equal):
    ours, theirs = FrozenPolicy.load(path, "numba"), FrozenPolicy.load(path, "torch")
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
    for size in (1, 3):
        assert_equal(frozen(config, "numba"), frozen(config, "torch"), size)


def test_a_mean_of_many_deviations_costs_no_digits(model, metadata, assert_equal):
    model.normalizer.observation_mean += 1e4
    ours, theirs = (FrozenPolicy(model, metadata, name) for name in ("numba", "torch"))
    assert_equal(ours, theirs, 1)


def test_a_row_is_the_same_to_the_bit_alone_and_in_a_batch(small_config, frozen):
    policy, rng = frozen(small_config, "numba"), np.random.default_rng(0)
    seen = rng.normal(size=(17, 5))
    latents, noise = rng.normal(size=(17, 3)), rng.normal(size=(17, 4, 2))
    encoded, chunks = policy.encode(seen), policy.decode(latents, noise)
    for row in range(17):
        one = slice(row, row + 1)
        for alone, batch in zip(policy.encode(seen[one]), encoded, strict=True):
            assert alone.tobytes() == batch[one].tobytes()
        assert policy.decode(latents[one], noise[one]).tobytes() == chunks[one].tobytes()


@pytest.mark.parametrize("x", [-np.inf, -1e30, -5.0, -3.9, -1.0, -1e-20, 0.0, 1e-6, 0.3, 2.0, 9.0])
def test_the_compiled_gelu_is_gelu(x):
    from scipy.special import erf

    from policies.engines.compiled import _gelu

    found = np.full(9, x, np.float32)
    _gelu(found)
    with np.errstate(invalid="ignore"):
        exact = x + x * erf(x)
    np.testing.assert_allclose(found, np.full(9, exact), rtol=1e-6, atol=2e-6)


def test_threads_do_not_get_in_each_others_way(small_config, frozen):
    policy = frozen(small_config, "numba")
    rng = np.random.default_rng(0)
    jobs = [(rng.normal(size=(1, 3)), rng.normal(size=(1, 4, 2))) for _ in range(200)]
    alone = [policy.decode(*job).tobytes() for job in jobs]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda job: policy.decode(*job).tobytes(), jobs)
        assert list(together) == alone


def test_latents_beyond_all_bounds_are_refused_without_a_warning(small_config, frozen):
    policy = frozen(small_config, "numba")
    with pytest.raises(PolicyMismatchError, match=r"policy's actions must be finite\. Got NaN or"):
        policy.decode(np.full((1, 3), 3e38), np.full((1, 4, 2), 3e38))
    policy.encode(np.full((1, 5), -3e38))
