"""What a flow policy promises whatever computes it: its sizes, and what it refuses."""

import numpy as np
import pytest

from policies.errors import PolicyMismatchError
from policies.frozen import FrozenPolicy


@pytest.mark.parametrize("shape", [(5,), (1, 4), (1, 5, 1)])
def test_a_wrong_observation_shape_is_refused(policy, shape):
    message = r"observations must have the shape \(B, 5\) this policy was trained with. Got: "
    with pytest.raises(PolicyMismatchError, match=message):
        policy.encode(np.zeros(shape))


def test_a_value_that_is_not_finite_is_refused_with_its_row(policy):
    observations = np.zeros((3, 5))
    observations[1, 2] = np.nan
    with pytest.raises(PolicyMismatchError, match=r"observations must be finite. Got NaN .* row 1"):
        policy.encode(observations)


def test_wrong_latents_and_noise_are_refused(policy):
    with pytest.raises(PolicyMismatchError, match=r"latents must have the shape \(B, 3\)"):
        policy.decode(np.zeros((1, 2)), np.zeros((1, 4, 2)))
    with pytest.raises(PolicyMismatchError, match=r"noise must have the shape \(B, 4, 2\)"):
        policy.decode(np.zeros((1, 3)), np.zeros((1, 2, 4)))
    with pytest.raises(PolicyMismatchError, match=r"must have one batch size. Got: 1 and 2"):
        policy.decode(np.zeros((1, 3)), np.zeros((2, 4, 2)))


def test_normalize_standardises(policy, model):
    mean = model.normalizer.observation_mean.numpy()
    np.testing.assert_allclose(policy.normalize(mean[None]), 0.0, atol=1e-6)


def test_statistics_that_an_old_checkpoint_does_not_have_are_zero(model, metadata):
    policy = FrozenPolicy(model, metadata)
    np.testing.assert_array_equal(policy.latent_rms, np.array([1.0, 2.0, 3.0], np.float32))
    np.testing.assert_array_equal(policy.latent_posterior_std, np.zeros(3, np.float32))
    latent = metadata["latent"] | {"posterior_std": [0.5, 0.25, 0.125]}
    policy = FrozenPolicy(model, metadata | {"latent": latent})
    np.testing.assert_array_equal(policy.latent_posterior_std, [0.5, 0.25, 0.125])


def test_its_description_is_a_copy(model, metadata):
    policy = FrozenPolicy(model, metadata)
    metadata["training"] = "changed"
    assert policy.metadata["training"] == {"steps": 1}
