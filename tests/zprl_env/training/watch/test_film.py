"""Films: both policies side by side, captioned, at real speed, until after the success."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import imageio.v3 as iio
import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs  # type: ignore[import-untyped]

from tests.helpers.point import PointEnv
from zprl_env.errors import RenderingError, ZprlError
from zprl_env.evaluation import EvaluationResult
from zprl_env.testing import LinearPolicy
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch import film


class Lasting(PointEnv):
    """A point whose episodes go on after their success, ten steps a second."""

    def step(self, action):
        observation, reward, _, _, info = super().step(action)
        return observation, reward, False, False, info


class Quick(Lasting):
    """The same, a hundred steps a second."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 100}  # noqa: RUF012


def policy(gain: float) -> LinearPolicy:
    """Make a policy that moves the point by its position times a gain."""
    made = LinearPolicy(3, 2)
    made._weights = gain * np.eye(2, dtype=np.float32)
    return made


def play(env: gym.Env, steps: int, home: float = -5.0) -> film.Filmed:
    filmed = film.Filmed(env)
    observation, _ = filmed.reset(seed=0)
    for _ in range(steps):
        observation, _, terminated, _, info = filmed.step(home * observation[:2])
        if terminated:
            assert info["is_success"]
            break
    return filmed


def test_an_episode_is_filmed_until_half_a_second_after_its_success():
    filmed = play(Lasting(), 100)
    assert filmed.success_at is not None
    assert filmed.steps == [*range(filmed.success_at + 5 + 1)]  # half a second of ten steps each
    assert len(filmed.pictures) == len(filmed.steps)
    assert filmed.fps == 10.0


def test_a_fast_robot_is_filmed_at_real_speed_with_fewer_pictures():
    filmed = play(Quick(), 100)
    assert filmed.fps == 25.0  # of a hundred steps a second every fourth is shown
    assert filmed.success_at is not None
    assert filmed.steps[-1] == filmed.success_at + 50
    assert filmed.steps[:3] == [0, 4, 8]


def test_an_episode_without_success_is_filmed_to_its_end():
    filmed = play(Lasting(), 12, home=0.0)
    assert filmed.success_at is None
    assert len(filmed.pictures) == 13


def test_an_environment_that_shows_no_picture_is_told():
    class Blind(PointEnv):
        def render(self):
            return None

    with pytest.raises(RenderingError, match=r"must return a picture of shape .* Got: NoneType"):
        film.Filmed(Blind()).reset()


@pytest.fixture
def takes(point_task) -> list[film.Take]:
    """The point, driven away by its policy and sent home by an agent."""

    def home(seen):
        return -6.0 * seen[:2] / 8.0

    recipe = Recipe(scale=8.0, noise="zero", observation="features")
    return film.film_pair(point_task, policy(1.0), "latent", recipe, home, 3, name="steered")


def test_base_and_steered_policy_play_the_same_episode(takes):
    base, steered = takes
    assert (base.name, steered.name) == ("base policy", "steered")
    np.testing.assert_array_equal(base.pictures[0], steered.pictures[0])
    assert base.success_at is None
    assert steered.success_at is not None
    assert len(base.pictures) == 21  # the time limit of 20 steps


def test_captions_say_policy_seed_step_and_success(takes):
    base, steered = takes
    assert base.caption(0) == "base policy\nseed 3   step 0"
    assert base.caption(99) == "base policy\nseed 3   step 20   no success"
    at = steered.success_at
    assert steered.caption(99) == f"steered\nseed 3   step {at}   success at {at}"
    assert "success" not in steered.caption(0)


def test_they_stand_side_by_side_and_the_shorter_stands_still(takes):
    pictures = film.beside(takes)
    high, wide = 64 + film.BAND, 64 + film.GAP + 64
    assert pictures.shape == (21 + 10, high, wide, 3)  # a second more
    left, right = pictures[:, film.BAND :, :64], pictures[:, film.BAND :, -64:]
    np.testing.assert_array_equal(left[20], left[-1])
    np.testing.assert_array_equal(right[len(takes[1].pictures)], takes[1].pictures[-1])
    assert pictures[0, : film.BAND, :64].max() > 150  # something is written there
    assert (pictures[0, : film.BAND] != pictures[-1, : film.BAND]).any()


def test_a_film_is_an_mp4_or_a_gif_at_real_speed(takes, tmp_path):
    film.write_film(tmp_path / "film.mp4", takes)
    frames, seconds = count_frames_and_secs(tmp_path / "film.mp4")
    assert (frames, seconds) == (31, pytest.approx(3.1))
    film.write_film(tmp_path / "film.gif", takes)
    assert iio.immeta(tmp_path / "film.gif")["duration"] == 100
    with pytest.raises(ZprlError, match=r"ends in \.mp4 or \.gif\. Got: film\.avi"):
        film.write_film(Path("film.avi"), takes)


@pytest.mark.parametrize(
    ("base", "steered", "seed"),
    [
        ([1, 0, 0, 1], [1, 0, 1, 1], 12),  # the first that only the agent solves
        ([1, 1, 0, 0], [0, 1, 0, 0], 10),  # there is none: the first
        ([0, 0], [0, 0], 10),
    ],
)
def test_the_episode_that_tells_most_is_filmed(base, steered, seed):
    def result(successes):
        count = len(successes)
        return EvaluationResult(10 + np.arange(count), np.array(successes, bool), np.ones(count))

    middle = {"base policy, noise zero": result(base)}
    results = {"base policy": result(base), **middle, "steered": result(steered)}
    assert film.telling_seed(results) == seed
    assert film.telling_seed({"base policy": result(base)}) == 10
