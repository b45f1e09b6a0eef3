import numpy as np
import torch

from policies.model.normalizer import Normalizer


def fitted(observations, actions=((0.0,), (1.0,))):
    observations, actions = np.asarray(observations), np.asarray(actions)
    normalizer = Normalizer(observations.shape[1], actions.shape[1])
    normalizer.fit(observations, actions)
    return normalizer


def test_observations_get_zero_mean_and_unit_deviation():
    data = np.random.default_rng(0).normal([5.0, -3.0], [0.1, 0.2], (1000, 2))
    normal = fitted(data).observations(torch.from_numpy(data).float())
    np.testing.assert_allclose(normal.mean(0), 0.0, atol=1e-4)
    np.testing.assert_allclose(normal.std(0), 1.0, atol=1e-2)


def test_a_constant_observation_is_divided_by_one():
    normalizer = fitted([[7.0, 0.0], [7.0, 1.0]])
    assert normalizer.observations(torch.tensor([[9.0, 0.5]])).tolist() == [[2.0, 0.0]]


def test_float_noise_on_a_large_constant_counts_as_constant():
    normalizer = fitted([[1e6, 0.0], [1e6 + 1e-3, 1.0]])
    assert normalizer.observation_std[0] == 1.0


def test_a_barely_moving_observation_does_not_blow_up():
    data = np.random.default_rng(0).normal(0.0, [1e-4, 1.0, 1.0], (1000, 3))
    normal = fitted(data).observations(torch.tensor([[0.05, 0.0, 0.0]]))
    assert normal.abs().max() < 1.5


def test_all_observations_constant_is_safe():
    normalizer = fitted([[1.0, 2.0], [1.0, 2.0]])
    assert normalizer.observation_std.tolist() == [1.0, 1.0]


def test_actions_span_minus_one_to_one_and_come_back():
    actions = np.array([[-3.0, 0.0], [5.0, 0.5], [1.0, 0.25]])
    normalizer = fitted([[0.0], [1.0]], actions)
    normal = normalizer.actions(torch.from_numpy(actions).float())
    assert normal.amin(0).tolist() == [-1.0, -1.0]
    assert normal.amax(0).tolist() == [1.0, 1.0]
    np.testing.assert_allclose(normalizer.restore_actions(normal), actions, atol=1e-6)


def test_a_constant_action_normalises_to_zero_and_is_restored_without_noise():
    normalizer = fitted([[0.0], [1.0]], [[-1.0, 0.0], [-1.0, 2.0]])
    assert normalizer.actions(torch.tensor([[-1.0, 1.0]])).tolist() == [[0.0, 0.0]]
    assert normalizer.restore_actions(torch.tensor([[0.3, 0.5]])).tolist() == [[-1.0, 1.5]]


def test_the_constants_are_saved_weights():
    assert set(Normalizer(2, 1).state_dict()) == {
        "observation_mean",
        "observation_std",
        "action_center",
        "action_scale",
    }
