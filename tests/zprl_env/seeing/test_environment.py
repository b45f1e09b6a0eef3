"""Environments that are made with the cameras of a policy."""

import dataclasses
from typing import Any

import pytest

from policies.pictures.quality import RenderQuality
from zprl_env import make_env_for
from zprl_env.seeing.environment import camera_kwargs
from zprl_env.testing import LinearPolicy


@pytest.mark.parametrize(
    "name", ["Lift", "Lift-Pixels", "ZPRL-Lift-Pixels-v0", "box-close", "Real"]
)
def test_cameras_size_and_quality_are_the_policy_s(name, seen_policy):
    assert camera_kwargs(seen_policy, name, {}) == {
        "cameras": ("front", "wrist"),
        "image_size": (40, 44),
        "render_quality": "fast",
    }


def test_what_the_user_says_comes_first(seen_policy):
    given = {"cameras": ["agentview"], "reward": "dense"}
    assert camera_kwargs(seen_policy, "Lift", given)["cameras"] == ["agentview"]


def test_a_quality_without_a_name_is_not_asked_for(seen_policy):
    own = dataclasses.replace(
        seen_policy.picture_settings, quality=RenderQuality("", 2, True, True)
    )
    seen_policy.picture_settings = own
    assert "render_quality" not in camera_kwargs(seen_policy, "Lift", {})


def test_states_and_environments_of_one_s_own_are_made_as_they_are(seen_policy, seen_task):
    assert camera_kwargs(LinearPolicy(3, 2), "Lift", {}) == {}
    env: Any = make_env_for(seen_policy, seen_task)
    assert [*env.observation_space.spaces] == ["state", "front", "wrist"]
