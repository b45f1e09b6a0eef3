"""Facts of a task have defaults for one that nothing is known of."""

from zprl_env.facts import UNKNOWN, Facts
from zprl_env.steering.latent import LatentSteering
from zprl_env.testing import LinearPolicy


def test_an_unknown_task_keeps_imitation_s_noise_and_the_policy_s_own_chunk():
    assert Facts() == UNKNOWN
    assert UNKNOWN.noise_scale == 1.0
    assert (UNKNOWN.n_action_steps, UNKNOWN.horizon) == (None, None)


def test_the_library_s_steering_takes_its_defaults_here():
    steering = LatentSteering(LinearPolicy(3, 2), observation_dim=3, scale=UNKNOWN.scale)
    assert steering.noise_scale == UNKNOWN.noise_scale
    assert LatentSteering.usual()["scale"] == UNKNOWN.scale
