"""The option noise: what a policy's flow starts from, in words."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env import ConfigurationError, LatentSteeringWrapper, ZprlError
from zprl_env.options.noise import FlowNoise, check_noise, fixed_draw
from zprl_env.testing import LinearPolicy


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("fresh", "fresh"),
        ("fresh:1", "fresh"),
        (" Fresh:0.50 ", "fresh:0.5"),
        ("fresh:0", "zero"),
        ("zero", "zero"),
        ("fixed:0", "fixed:0"),
        ("fixed:007", "fixed:7"),
        ("best:8", "best:8"),
    ],
)
def test_every_start_is_written_in_one_way(said, meant):
    assert str(FlowNoise.parse(said)) == meant
    assert FlowNoise.parse(FlowNoise.parse(said)) == FlowNoise.parse(meant)


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ("wild", "noise must be 'fresh', 'fresh:TEMPERATURE', 'zero', 'fixed:SEED' or 'best:K'"),
        ("", "noise must be"),
        ("zero:1", "noise must be"),
        ("0", "Got: '0'. Try 'zero'."),
        (0.0, "Got: 0.0. Try 'zero'."),
        (1, "Got: 1. Try 'fresh'."),
        (0.5, "Got: 0.5. Try 'fresh:0.5'."),
        (True, "Got: True."),
        (None, "Got: None."),
        ("fresh:", "must be a finite number and at least 0. Got: 'fresh:'"),
        ("fresh:-1", "must be a finite number and at least 0"),
        ("fresh:nan", "must be a finite number and at least 0"),
        ("fresh:inf", "must be a finite number and at least 0"),
        ("fixed", "the seed of a fixed noise must be a whole number and at least 0. Got: 'fixed'"),
        ("fixed:-1", "Try 'fixed:0'."),
        ("fixed:1.5", "the seed of a fixed noise must be a whole number"),
        ("fixed:\N{SUPERSCRIPT TWO}", "the seed of a fixed noise must be a whole number"),
        ("fixed:99999999999999999999", "the seed of a fixed noise must be a whole number"),
        ("best", "the number of draws of noise must be a whole number and at least 2"),
        ("best:1", "Got: 'best:1'. Try 'best:8'."),
    ],
)
def test_what_is_no_start_is_refused_and_says_what_is(noise, message):
    with pytest.raises(ConfigurationError) as caught:
        FlowNoise.parse(noise)
    assert message in str(caught.value)


def test_a_command_line_s_noise_is_refused_by_an_error_that_tyro_draws_no_box_of():
    check_noise(None)
    check_noise("best:8", best=True)
    for noise in ("wild", "best:8"):
        with pytest.raises(ZprlError) as caught:
            check_noise(noise)
        assert not isinstance(caught.value, ValueError)


def test_the_best_of_some_draws_has_to_be_found_first():
    with pytest.raises(ConfigurationError, match=r"zprl_env\.calibrate\.best_noise\(env, policy"):
        FlowNoise.parse("best:8").known()


def test_a_fixed_draw_is_the_same_numbers_in_every_version():
    drawn = fixed_draw(0, (2, 3))
    assert (drawn.shape, drawn.dtype) == ((2, 3), np.float32)
    expected = [[0.34727776, 0.40565237, -0.8419143], [0.59644175, -1.4385322, -1.3499564]]
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    assert not np.array_equal(fixed_draw(1, (2, 3)), drawn)


def test_fixed_draws_are_normal():
    draws = np.array([fixed_draw(seed, (16, 7)) for seed in range(200)])
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1.0) < 0.02


def test_a_fixed_draw_and_an_episode_s_seed_have_nothing_in_common():
    policy_s = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1,)))
    assert not np.isin(fixed_draw(3, (8, 8)), policy_s.standard_normal(64).astype("f4")).any()


def test_a_vector_that_does_not_fit_the_policy_is_refused():
    noise = FlowNoise("fixed", vector=np.ones((3, 2)))
    np.testing.assert_array_equal(noise.constant((3, 2)), np.ones((3, 2), np.float32))
    with pytest.raises(ConfigurationError, match=r"\(4, 2\)\. Got: shape \(3, 2\)"):
        noise.constant((4, 2))
    with pytest.raises(ConfigurationError, match="must be finite"):
        FlowNoise("fixed", vector=np.full((3, 2), np.nan)).constant((3, 2))


def test_a_policy_that_nothing_is_known_of_starts_fresh():
    import gymnasium as gym

    env = LatentSteeringWrapper(gym.make("Pendulum-v1"), LinearPolicy(3, 1))
    assert env.noise == "fresh"
    assert np.isfinite(env.scale).all()
    env.close()
