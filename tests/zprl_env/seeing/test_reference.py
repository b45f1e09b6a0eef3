"""A scene that looks otherwise than where a policy has learned is refused before anything moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

pytest.importorskip("metaworld", reason="needs the metaworld extra")

from policies.pictures.settings import PictureSettings
from zprl_env import make_env
from zprl_env.errors import PolicyMismatchError
from zprl_env.seeing.environment import make_env_for
from zprl_env.seeing.reference import TOLERANCE

CAMERAS = ("corner2", "gripperPOV")


class Seeing:
    """What a policy says of the pictures that it has learned from."""

    cameras = CAMERAS
    metadata: dict[str, Any] = {"env_args": {"env_name": "box-close-v3"}}  # noqa: RUF012

    def __init__(self, frames: dict[str, np.ndarray], settings: PictureSettings) -> None:
        self._frames, self.picture_settings = frames, settings

    def reference_frames(self) -> dict[str, np.ndarray]:
        return self._frames


@pytest.fixture(scope="module")
def seen() -> Any:
    """Pictures of the scene as a recording keeps them, and what they are made with."""
    env = make_env("box-close-Pixels", cameras=CAMERAS)
    frames, _ = env.reset(seed=0)
    yield {name: frames[name] for name in CAMERAS}, env.get_wrapper_attr("picture_settings")
    env.close()


def moved(frames: dict[str, np.ndarray], by: float) -> dict[str, np.ndarray]:
    """Frames of which one camera's are darker."""
    return {**frames, "corner2": np.clip(frames["corner2"].astype(float) - by, 0, 255).astype("u1")}


def test_the_scene_is_what_it_was_and_the_environment_as_if_nothing_had_been_done(seen):
    env = make_env_for(Seeing(*seen), "box-close-Pixels")
    assert env.unwrapped._np_random is None
    with pytest.raises(ResetNeeded):
        env.unwrapped.step(env.action_space.sample())
    first, alone = env.reset(seed=7)[0], make_env("box-close-Pixels", cameras=CAMERAS)
    for name, part in alone.reset(seed=7)[0].items():
        np.testing.assert_array_equal(first[name], part)
    env.close()
    alone.close()


def test_another_scene_is_refused_and_a_driver_s_difference_is_not(seen):
    frames, settings = seen
    make_env_for(Seeing(moved(frames, 0.5 * TOLERANCE), settings), "box-close-Pixels").close()
    other = Seeing(moved(frames, 3 * TOLERANCE), settings)
    with pytest.raises(PolicyMismatchError, match=r"differ on average: corner2 by \d+ of 255 \(at"):
        make_env_for(other, "box-close-Pixels")
    make_env_for(other, "box-close-Pixels", cameras=CAMERAS).close()  # by one's own will


def test_a_scene_that_is_made_to_differ_or_of_another_task_is_left_alone(seen):
    other = Seeing(moved(seen[0], 3 * TOLERANCE), seen[1])
    make_env_for(other, "box-close-Pixels", mismatch={"friction": 2.0}).close()
    make_env_for(other, "push-wall-Pixels").close()
