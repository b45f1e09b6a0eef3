"""Models that are drawn alike share what is in OpenGL's memory, and only these."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from policies.pictures.quality import QUALITIES
from zprl_env.envs.cameras import contexts
from zprl_env.envs.cameras.opengl import render_thread
from zprl_env.envs.cameras.renderer import SceneRenderer

SCENE = """
<mujoco>
  <statistic extent="2"/>
  <visual><map fogstart="{fog}"/></visual>
  <asset>
    <texture name="t" type="2d" builtin="checker" rgb2="{checks}" width="8" height="8"/>
    <material name="m" texture="t" texrepeat="4 4"/>
  </asset>
  <worldbody>
    <light pos="0 0 3"/>
    <camera name="above" pos="0 0 2"/>
    <geom type="plane" size="{size} 1 0.1" material="m"/>
    <body pos="{place} 0 0.1"><geom type="box" size="0.2 0.1 0.1" rgba="1 0 0 1"/></body>
  </worldbody>
</mujoco>
"""
USUAL = {"fog": "3", "checks": "1 1 1", "size": "1", "place": "0"}


def drawn(renderer: SceneRenderer) -> np.ndarray:
    data = mujoco.MjData(renderer.model)
    mujoco.mj_forward(renderer.model, data)
    return renderer.render(data, ("above",))["above"]


def renderer(quality: str = "full", **changed: str) -> SceneRenderer:
    model = mujoco.MjModel.from_xml_string(SCENE.format(**USUAL | changed))
    return SceneRenderer(model, (32, 48), QUALITIES[quality])


def there() -> int:
    """How many there are, once what was given back is freed."""
    return render_thread().call(lambda: len(contexts._contexts))


def test_what_is_drawn_alike_is_there_once_and_each_has_its_own_pictures():
    before = there()
    one, other = renderer(), renderer(place="0.5")
    assert there() == before + 1
    assert not np.array_equal(drawn(one), drawn(other))
    one.close()
    alone = drawn(other)  # which goes on when the first one is gone
    assert there() == before + 1
    other.close()
    assert there() == before
    again = renderer(place="0.5")
    np.testing.assert_array_equal(drawn(again), alone)
    again.close()


@pytest.mark.parametrize(
    "changed", [{"checks": "0 0 1"}, {"size": "0.3"}, {"fog": "1"}, {"quality": "fast"}]
)
def test_what_is_drawn_otherwise_is_there_by_itself(changed):
    usual, other = renderer(), renderer(**changed)
    assert usual._buffers._context is not other._buffers._context
    beside = drawn(other)
    usual.close()
    other.close()
    alone = renderer(**changed)
    np.testing.assert_array_equal(drawn(alone), beside)
    alone.close()
