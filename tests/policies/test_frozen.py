import numpy as np
import pytest


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 5)), rng.normal(size=(6, 3)), rng.normal(size=(6, 4, 2))


def test_the_sizes_are_the_configurations(policy):
    sizes = ("observation_dim", "feature_dim", "latent_dim", "action_dim", "horizon")
    assert [getattr(policy, name) for name in sizes] == [5, 16, 3, 2, 4]
    assert policy.n_action_steps == 2


def test_encode_gives_float32_arrays(policy, batch):
    encoding = policy.encode(batch[0])
    assert [part.shape for part in encoding] == [(6, 16), (6, 3), (6, 3)]
    assert {part.dtype for part in encoding} == {np.dtype(np.float32)}
    assert (encoding.std > 0).all()


def test_decode_gives_float32_chunks_in_the_environments_units(policy, model, batch):
    actions = policy.decode(batch[1], batch[2])
    assert actions.shape == (6, 4, 2)
    assert actions.dtype == np.float32


def test_a_row_does_not_depend_on_its_batch(policy, batch):
    observations, latents, noise = batch
    alone = policy.decode(latents[2:3], noise[2:3])
    np.testing.assert_allclose(policy.decode(latents, noise)[2:3], alone, rtol=1e-5, atol=1e-5)
    for whole, one in zip(
        policy.encode(observations), policy.encode(observations[2:3]), strict=True
    ):
        np.testing.assert_allclose(whole[2:3], one, rtol=1e-5, atol=1e-5)


def test_equal_arguments_give_equal_bits(policy, batch):
    first, second = (policy.decode(batch[1][:1], batch[2][:1]) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_arguments_are_neither_changed_nor_kept(policy, batch):
    observations = batch[0].astype(np.float32)
    observations.setflags(write=False)
    features = policy.encode(observations).features.copy()
    np.testing.assert_array_equal(policy.encode(observations).features, features)


def test_use_does_not_change_the_weights(policy, batch):
    before = policy.weights_hash
    policy.decode(policy.encode(batch[0]).mean, batch[2])
    assert policy.weights_hash == before


def test_the_given_models_later_training_does_not_reach_the_policy(policy, model):
    before = policy.weights_hash
    model.encoder.net[0].weight.data.zero_()
    assert policy.weights_hash == before
