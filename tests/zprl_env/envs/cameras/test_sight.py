"""What can be wished of cameras, and what is refused before anything is made."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.envs.cameras.sight import BLIND, choose_sight, proprioception
from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError


@pytest.mark.parametrize(
    "size",
    [
        0,
        -1,
        4,
        84.0,
        "84",
        True,
        float("nan"),
        5000,
        (84,),
        (84, 0),
        (84, 84, 3),
        [],
        {},
        (84, True),
    ],
)
def test_a_size_that_makes_no_picture_is_refused(size):
    with pytest.raises(ConfigurationError, match=r"image_size must be .* 8 to 4096 pixels\. Got: "):
        choose_sight(("front",), size, None, None)


@pytest.mark.parametrize("size", [84, (84, 84), [84, 84], np.int64(84), None])
def test_a_size_is_one_number_or_two(size):
    assert choose_sight(("front",), size, None, None).image_size == (84, 84)


@pytest.mark.parametrize("cameras", [("a", "a"), ("state",), ("",), (3,), ("a\nb",)])
def test_impossible_names_of_cameras_are_refused(cameras):
    with pytest.raises(ZprlError, match="cameras must be different names"):
        choose_sight(cameras, None, None, None)


@pytest.mark.parametrize("observation", ["pixels", "both"])
def test_pictures_without_a_camera_are_refused(observation):
    with pytest.raises(ConfigurationError, match=r"must come with cameras\. Got: none"):
        choose_sight((), None, observation, None)


@pytest.mark.parametrize("wish", [(None, 64, None, None), ((), None, "state", "fast")])
def test_what_would_have_no_effect_is_refused(wish):
    with pytest.raises(ConfigurationError, match="must come with cameras"):
        choose_sight(*wish)


def test_words_that_mean_nothing_name_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown observation 'pixel'; did you mean"):
        choose_sight(None, None, "pixel", None)
    with pytest.raises(UnknownNameError, match="unknown render_quality 'fats'; did you mean"):
        choose_sight(("a",), None, None, "fats")


def test_states_are_the_usual_and_pictures_where_a_camera_is_named():
    assert choose_sight(None, None, None, None) == choose_sight((), None, None, None) == BLIND
    assert choose_sight("front", None, None, None).cameras == ("front",)
    assert choose_sight("front", None, None, None).observation == "pixels"


def test_usual_cameras_are_those_that_a_model_has():
    sight = choose_sight(None, None, "pixels", None)
    has = ["birdview", "agentview", "robot0_eye_in_hand", "robot1_eye_in_hand"]
    assert sight.within("robosuite", has) == tuple(has[1:])
    with pytest.raises(ConfigurationError, match="Name some of birdview"):
        sight.within("robosuite", ["birdview"])


def test_objects_are_no_proprioception():
    keys = ["robot0_eef_pos", "robot0_gripper_qpos", "object"]
    assert proprioception("robosuite", keys) == keys[:2]
