"""One renderer per model, one context per process: equal pictures, nothing left behind."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import mujoco
import numpy as np
import pytest

from policies.pictures.quality import QUALITIES
from tests.helpers.interpreter import run_python
from zprl_env.envs.cameras import opengl
from zprl_env.envs.cameras.model_settings import camera_view
from zprl_env.envs.cameras.opengl import render_thread
from zprl_env.envs.cameras.renderer import SceneRenderer
from zprl_env.errors import RenderingError, UnknownNameError

SCENE = """
<mujoco>
  <worldbody>
    <light pos="0 0 3" diffuse="1 1 1"/>
    <camera name="above" pos="0 0 2"/>
    <camera name="hung" pos="0 0 2" quat="0 0 0 1"/>
    <geom type="plane" size="1 1 0.1" rgba="0.5 0.5 0.5 1"/>
    <body name="box" pos="-0.4 0.2 0.1"><freejoint/>
      <geom type="box" size="0.2 0.1 0.1" rgba="{colour} 1"/></body>
  </worldbody>
</mujoco>
"""


def scene(colour: str = "1 0 0") -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = mujoco.MjModel.from_xml_string(SCENE.format(colour=colour))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def picture(renderer: SceneRenderer, data: mujoco.MjData, camera: str = "above") -> np.ndarray:
    return renderer.render(data, (camera,))[camera]


def test_two_models_in_turn_give_the_bytes_that_each_gives_alone():
    made = [scene("1 0 0"), scene("0 0 1")]
    alone = []
    for model, data in made:
        renderer = SceneRenderer(model, (48, 64))
        alone.append(picture(renderer, data))
        renderer.close()
    both = [SceneRenderer(model, (48, 64)) for model, _ in made]
    for _ in range(3):
        for renderer, (_, data), expected in zip(both, made, alone, strict=True):
            np.testing.assert_array_equal(picture(renderer, data), expected)
    assert not np.array_equal(alone[0], alone[1])


def test_saturated_colours_come_back_as_red_green_and_blue():
    for place, colour in enumerate(("1 0 0", "0 1 0", "0 0 1")):
        model, data = scene(colour)
        shown = picture(SceneRenderer(model, (64, 64), QUALITIES["fast"]), data)
        seen = shown.reshape(-1, 3)[np.argmax(np.ptp(shown.reshape(-1, 3), axis=1))]
        assert seen[place] > 150
        assert np.delete(seen, place).max() < 60


def test_the_picture_is_of_the_present_state_and_changes_nothing():
    model, data = scene()
    renderer = SceneRenderer(model, (48, 64))
    before = picture(renderer, data)
    data.qpos[0] = 0.4  # nobody has computed the bodies' poses from it
    held = data.xpos.copy()
    moved = picture(renderer, data)
    np.testing.assert_array_equal(data.xpos, held)
    assert before[:, :32, 0].astype(int).sum() > before[:, 32:, 0].astype(int).sum()
    assert moved[:, :32, 0].astype(int).sum() < moved[:, 32:, 0].astype(int).sum()
    fresh = mujoco.MjData(model)
    fresh.qpos[:] = data.qpos
    mujoco.mj_forward(model, fresh)
    np.testing.assert_array_equal(picture(SceneRenderer(model, (48, 64)), fresh), moved)


def test_a_camera_that_hangs_upside_down_is_turned_and_not_mirrored():
    model, data = scene()
    renderer = SceneRenderer(model, (48, 64), QUALITIES["fast"], turned=("hung",))
    upright, hung = (picture(renderer, data, name).astype(int) for name in ("above", "hung"))
    assert np.abs(upright - hung).mean() < 2
    assert np.abs(upright - hung[:, ::-1]).mean() > 5
    turned = camera_view(model, "hung", turned=True)
    assert camera_view(model, "above").deviation(turned) == []


def test_a_model_keeps_its_visual_settings():
    model, data = scene()
    chosen, screen = model.vis.quality, model.vis.global_
    before = (chosen.offsamples, chosen.shadowsize, screen.offwidth)
    picture(SceneRenderer(model, (900, 900), QUALITIES["fast"]), data)
    assert before == (chosen.offsamples, chosen.shadowsize, screen.offwidth)


def test_contexts_are_freed_by_close_and_by_the_collector_from_any_thread():
    model, data = scene()
    there = len(render_thread().contexts)
    for _ in range(5):
        renderer = SceneRenderer(model, (16, 16))
        picture(renderer, data)
        closing = threading.Thread(target=renderer.close)
        closing.start()
        closing.join()
        SceneRenderer(model, (16, 16))
    assert len(render_thread().contexts) == there
    with pytest.raises(RenderingError, match="must be open to render"):
        picture(renderer, data)


def test_threads_draw_with_one_renderer_what_one_alone_draws():
    model, data = scene()
    renderer, found = SceneRenderer(model, (32, 32)), []
    expected = picture(renderer, data)
    threads = [
        threading.Thread(target=lambda: found.append(picture(renderer, data))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(one, expected) for one in found)


def test_a_camera_that_is_not_there_names_the_nearest():
    model, data = scene()
    with pytest.raises(UnknownNameError, match="unknown camera 'abov'; did you mean 'above'"):
        picture(SceneRenderer(model, (16, 16)), data, "abov")


def test_a_driver_that_hangs_is_given_up_with_the_backend_named(monkeypatch):
    released, thread = threading.Event(), opengl.RenderThread("egl")
    monkeypatch.setattr(opengl, "DEADLINE", 0.2)
    with pytest.raises(RenderingError, match=r"within 0.2 s.* MUJOCO_GL=egl, whose driver hangs"):
        thread.call(lambda: released.wait(5.0))
    with pytest.raises(RenderingError, match="whose driver hangs"):
        thread.call(lambda: None)
    released.set()


def test_a_process_that_did_not_run_for_a_while_still_waits_for_its_picture(monkeypatch):
    """As on a machine that slept: the first wait is over at once, and nothing was drawn yet."""
    slept: list[float] = []
    wait = opengl.wait

    def woken(futures, timeout):
        if slept:
            return wait(futures, timeout)
        slept.append(timeout)
        return wait([Future()], 0.0)

    thread = opengl.RenderThread("egl")
    monkeypatch.setattr(opengl, "wait", woken)
    assert thread.call(lambda: 7, deadline=20.0) == 7
    assert slept == [2.0]


def test_an_error_of_whoever_draws_is_its_own_even_if_it_is_a_timeout():
    thread = opengl.RenderThread("egl")
    with pytest.raises(TimeoutError, match="its own"):
        thread.call(lambda: exec("raise TimeoutError('its own')"))
    assert thread.call(lambda: 7) == 7


FORKED = """
import os, sys
import mujoco
from zprl_env.envs.offscreen import OffscreenCamera
from zprl_env.errors import RenderingError
model = mujoco.MjModel.from_xml_string(
    '<mujoco><worldbody><camera name="a"/><geom size="1"/></worldbody></mujoco>')
camera = OffscreenCamera(model, "a", (8, 8))
read, write = os.pipe()
if os.fork() == 0:
    try:
        OffscreenCamera(model, "a", (8, 8))
    except RenderingError as error:
        os.write(write, str(error).encode())
    del camera
    os._exit(0)
print(os.read(read, 1000).decode())
"""


def test_a_process_forked_from_one_that_has_drawn_is_told_and_does_not_hang():
    assert "Use start_method='forkserver' or 'spawn'" in run_python(FORKED)
