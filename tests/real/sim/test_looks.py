"""Scenes look like what they are, and their physics does not know."""

from __future__ import annotations

import numpy as np
import pytest

from policies.pictures.quality import QUALITIES
from real.sim.cameras import WorldCameras
from real.sim.looks import PAINTS, SIDE
from real.sim.world import World
from real.tasks.files import load_preset


@pytest.mark.parametrize("paint", PAINTS)
def test_a_paint_repeats_itself_and_is_no_single_grey(paint):
    first, again = (PAINTS[paint](np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (SIDE, SIDE)
    assert first.std() > 0.01
    assert 0.4 < first.mean() <= 1.0


def test_what_is_only_seen_is_neither_felt_nor_weighed():
    model = World(load_preset("insert-bills")).model
    bills = model.body("bills")
    assert bills.mass[0] == pytest.approx(0.02)
    np.testing.assert_allclose(bills.inertia, [8.1817e-6, 1.6333e-5, 8.1817e-6], rtol=1e-4)
    note = model.material("note").id
    faces = [g for g in range(model.ngeom) if model.geom_matid[g] == note]
    assert len(faces) == 2
    assert not model.geom_contype[faces].any()
    assert not model.geom_conaffinity[faces].any()


def picture(task, camera, size=84):
    world = World(load_preset(task))
    world.reset(np.random.default_rng(0))
    cameras = WorldCameras(world, (size, size))
    seen = cameras.frames([camera], (size, size), QUALITIES["fast"])[camera].astype(int)
    cameras.close()
    return seen


def test_the_bills_are_seen_from_the_side_and_the_wallet_is_leather():
    red, green, blue = np.moveaxis(picture("insert-bills", "side"), -1, 0)
    bills = (green > red + 15) & (green > blue + 8)
    assert bills.sum() > 40
    wallet = (red > green + 30) & (red > 1.6 * blue) & (red > 70)
    assert wallet.sum() > 60
    assert np.argwhere(bills)[:, 1].mean() < np.argwhere(wallet)[:, 1].mean()


def test_the_yolk_the_lid_and_the_orange_have_their_colours():
    red, green, blue = np.moveaxis(picture("flip-egg", "front"), -1, 0)
    assert ((red > 150) & (green > 110) & (blue < 90)).sum() >= 4
    red, green, blue = np.moveaxis(picture("open-box", "front"), -1, 0)
    assert (blue > red + 40).sum() > 30
    red, green, blue = np.moveaxis(picture("place-orange", "wrist"), -1, 0)
    assert ((red > 150) & (blue < red - 100)).sum() > 30
