import numpy as np
import pytest

from policies.pictures.frames import contact_sheet, dead_camera

RNG = np.random.default_rng(0)
ALIVE = RNG.integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
MOVING = np.linspace(0.0, 1.0, 24)[:, None]


@pytest.mark.parametrize("rows", [slice(0, 24), slice(0, 8), slice(12, 24)])
@pytest.mark.parametrize("value", [0, 3, 255])
def test_a_camera_that_shows_one_colour_for_a_while_is_found(rows, value):
    frames = ALIVE.copy()
    frames[rows] = value
    assert "is black or of one colour" in dead_camera(frames, MOVING)


@pytest.mark.parametrize("rows", [slice(0, 24), slice(0, 14), slice(8, 24)])
def test_a_camera_that_stops_while_the_robot_moves_is_found(rows):
    frames = ALIVE.copy()
    frames[rows] = frames[rows.start]
    assert "is frozen: the same picture at steps" in dead_camera(frames, MOVING)
    assert ("is frozen" in dead_camera(frames)) == (rows == slice(0, 24))


def test_a_camera_that_sees_is_let_alone():
    resting = ALIVE.copy()
    resting[14:] = resting[14]
    still = np.minimum(MOVING, MOVING[14])
    assert dead_camera(ALIVE, MOVING) == dead_camera(resting, still) == ""
    assert dead_camera(ALIVE[:1]) == dead_camera(ALIVE[:2]) == ""
    dark = ALIVE.copy()
    dark[0] = 0  # the first picture of many a real camera
    assert dead_camera(dark, MOVING) == ""


def test_a_contact_sheet_has_a_row_per_episode_and_camera():
    sheet = contact_sheet({"a": {"x": ALIVE, "y": ALIVE}, "b": {"x": ALIVE[:3]}}, columns=4, gap=2)
    assert sheet.shape == (10 + 12 + 12, 40, 3)
    assert np.array_equal(sheet[:8, :8], ALIVE[0])
    assert np.array_equal(sheet[:8, 30:38], ALIVE[-1])
    assert (sheet[22:, 30:] == 255).all()
