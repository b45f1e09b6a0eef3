"""A simulated camera shows the world, by its name."""

from __future__ import annotations

import numpy as np
import pytest

from real.robot import RobotError
from real.sim.cameras import WorldCameras
from real.sim.world import World
from real.tasks.files import load_preset

WORLD = World(load_preset("place-orange"))


def test_pictures_have_the_size_that_was_asked_for_and_show_the_orange():
    WORLD.reset(np.random.default_rng(0))
    cameras = WorldCameras(WORLD, (48, 64))
    picture = cameras.images(["front"])["front"]
    assert (picture.shape, picture.dtype) == ((48, 64, 3), np.uint8)
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    assert ((red > green + 60) & (green > blue + 20)).any()
    cameras.close()
    cameras.close()
    np.testing.assert_array_equal(cameras.images(["front"])["front"], picture)
    cameras.close()


def test_a_camera_that_is_not_there_is_named():
    with pytest.raises(RobotError, match=r"unknown camera 'sky'; .*'front'"):
        WorldCameras(WORLD, (48, 64)).images(["sky"])
