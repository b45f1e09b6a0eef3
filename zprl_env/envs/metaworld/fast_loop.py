"""Fast control loop of Meta-World's tasks: layouts of their own seed, no repeated work.

The classes here are subclasses of Meta-World's environments with the same physics, to the bit.
"""

from __future__ import annotations

import math
import warnings
from functools import cached_property
from importlib.metadata import version
from typing import Any

import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from metaworld.sawyer_xyz_env import SawyerXYZEnv

CHECKED_VERSIONS = ("3.1.1",)
"""The versions of Meta-World whose control step is known to be the one reproduced here."""

EVERYTHING = mujoco.mjtState.mjSTATE_INTEGRATION

TURNING = {
    ("geom", "handle"): "door-close door-open",
    ("geom", "mug"): "coffee-pull coffee-push",
    ("geom", "objGeom"): "lever-pull pick-place pick-place-wall push push-back push-wall reach "
    "reach-wall shelf-place sweep-into",
    ("geom", "puck"): "plate-slide plate-slide-back plate-slide-back-side plate-slide-side",
    ("site", "pegGrasp"): "peg-insert-side",
    ("body", "soccer_ball"): "soccer",
}
"""Parts of the model that turn with the object; Meta-World asks SciPy for their quaternion."""
PARTS_THAT_TURN = {f"{task}-v3": part for part, tasks in TURNING.items() for task in tasks.split()}

GOAL_RADII = {
    "bin-picking": 0.05,
    "box-close": math.nextafter(0.08, 0.0),  # closer than that
    "button-press": 0.02,
    "button-press-wall": 0.03,
    "coffee-button": 0.02,
    "coffee-pull": 0.07,
    "coffee-push": 0.07,
    "dial-turn": 0.07,
    "door-close": 0.08,
    "drawer-close": 0.065,
    "drawer-open": 0.03,
    "faucet-close": 0.07,
    "hand-insert": 0.05,
    "handle-press": 0.02,
    "handle-press-side": 0.02,
    "handle-pull-side": 0.08,
    "peg-unplug-side": 0.07,
    "pick-out-of-hole": 0.07,
    "pick-place": 0.07,
    "pick-place-wall": 0.07,
    "plate-slide": 0.07,
    "plate-slide-back": 0.07,
    "plate-slide-back-side": 0.07,
    "plate-slide-side": 0.07,
    "push": 0.05,
    "push-back": 0.07,
    "push-wall": 0.07,
    "shelf-place": 0.07,
    "soccer": 0.07,
    "sweep": 0.05,
}
"""Distance of the first object from the goal within which Meta-World calls a task done [m]."""


def make_task(name: str, *, goal_observable: bool, fast: bool, shaped: bool) -> SeededLayout:
    """Make one of Meta-World's environments.

    Args:
        name: Its name in Meta-World, e.g. ``"box-close-v3"``.
        goal_observable: Whether observations end with the goal or with zeros.
        fast: Whether to replace the control step. That of a Meta-World which was not checked is
            left as it is, with a warning.
        shaped: Whether anybody reads the shaped reward; else it is 1 on success and else 0 where
            success can be told without it.
    """
    if fast and version("metaworld") not in CHECKED_VERSIONS:
        warnings.warn(
            f"the fast control step was checked against metaworld {', '.join(CHECKED_VERSIONS)}, "
            f"this is {version('metaworld')}: using metaworld's own, which is slower; pass "
            "fast=False to choose it silently",
            stacklevel=3,
        )
        fast = False
    base = ALL_V3_ENVIRONMENTS[name]
    parts = {
        "turning": PARTS_THAT_TURN.get(name),
        "goal_radius": None if shaped else GOAL_RADII.get(name.removesuffix("-v3")),
    }
    task = type(base.__name__, (FastStep if fast else SeededLayout, base), parts)
    made: SeededLayout = task(goal_observable)
    return made


class SeededLayout(SawyerXYZEnv):
    """Meta-World task whose layout is drawn from ``np_random`` at each reset, and nothing else."""

    fast = False

    def __init__(self, goal_observable: bool) -> None:
        super().__init__()
        self._set_task_called = True
        self._partially_observable = not goal_observable
        del self.sawyer_observation_space  # a cached property that is now out of date
        self.seeded_rand_vec = True
        self._positions = self.model.body_pos.copy(), self.model.site_pos.copy()
        self._at_start: tuple[np.ndarray, Any] | None = None

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; the seed is not used, ``np_random`` is."""
        # Tasks read positions of the model before it has followed their changes to it, so a
        # layout is complete only when it has been set twice, and has to be undone before the next.
        self.model.body_pos[:], self.model.site_pos[:] = self._positions
        mujoco.mj_resetData(self.model, self.data)
        self._freeze_rand_vec = False
        self._first = True
        self.reset_model()
        self._freeze_rand_vec, self._first = True, False
        observation, info = MujocoEnv.reset(self)
        observation[18:36] = observation[:18]
        self._prev_obs = observation[:18].copy()
        self.curr_path_length = 0
        return observation, info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Run one control step; there is no horizon."""
        self.curr_path_length = 0
        result: tuple[np.ndarray, Any, bool, bool, dict[str, Any]] = super().step(action)
        return result

    def widen_layouts(self, factor: float) -> bool:
        """Draw layouts from a space so many times as wide; False if there is only one layout."""
        space = self._random_reset_space
        if space is None or np.array_equal(space.low, space.high):
            return False
        center, half = (space.high + space.low) / 2.0, (space.high - space.low) / 2.0
        self._random_reset_space = Box(
            center - factor * half, center + factor * half, dtype=np.float64
        )
        return True

    def diverged(self) -> bool:
        """Tell whether MuJoCo met a number it could not go on with, and started over by itself."""
        return bool(self.data.warning.number[mujoco.mjtWarning.mjWARN_BADQPOS :].any())

    def _reset_hand(self, steps: int = 50) -> None:
        """Move the hand to its start, which is the same for every first setting of a layout."""
        if not self._first:
            super()._reset_hand(steps)
            return
        if self._at_start is None:
            super()._reset_hand(steps)
            state = np.empty(mujoco.mj_stateSize(self.model, EVERYTHING))
            mujoco.mj_getState(self.model, self.data, state, EVERYTHING)
            self._at_start = state, self.init_tcp.copy()
        state, tcp = self._at_start
        self.init_tcp = tcp.copy()
        mujoco.mj_setState(self.model, self.data, state, EVERYTHING)
        mujoco.mj_forward(self.model, self.data)


class FastStep(SeededLayout):
    """Meta-World's control step without its overhead in Python.

    Names are looked up once, contacts are searched as an array, a quaternion is a formula, and
    neither the forces nor the shaped reward that nothing reads are computed.
    """

    fast = True
    turning: tuple[str, str] | None = None
    goal_radius: float | None = None

    def step(self, action: np.ndarray) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Run one control step; there is no horizon."""
        self.set_xyz_action(action[:3])
        self.data.ctrl[:] = action[3], -action[3]
        mujoco.mj_step(self.model, self.data, nstep=self.frame_skip)
        mujoco.mj_forward(self.model, self.data)
        low, high = self._bounds
        observation = np.minimum(np.maximum(self._get_obs(), low), high)
        if self.goal_radius is None:
            reward, info = self.evaluate_state(observation, action)
            return observation, reward, False, False, info
        gap = observation[4:7] - self._target_pos
        success = math.sqrt(gap.dot(gap)) <= self.goal_radius
        return observation, float(success), False, False, {"success": success}

    def set_xyz_action(self, action: np.ndarray) -> None:
        """Move the body that pulls the hand."""
        position, turned = self._hand_target
        step = np.minimum(np.maximum(action, -1.0), 1.0) * self.action_scale
        position[:] = np.minimum(np.maximum(position + step, self.mocap_low), self.mocap_high)
        turned[:] = (1.0, 0.0, 1.0, 0.0)

    def touching_object(self, object_geom_id: int) -> bool:
        """Tell whether both fingers press on a geom."""
        contacts = self.data.contact
        pairs, addresses = contacts.geom, contacts.efc_address
        with_object = (pairs == object_geom_id).any(axis=1)
        for pad in self._pads:
            pressing = addresses[with_object & (pairs == pad).any(axis=1)]
            if not self.data.efc_force[pressing].sum() > 0.0:
                return False
        return True

    def _get_obs(self) -> np.ndarray:
        observation = np.zeros(39)
        observation[:18] = self._get_curr_obs_combined_no_goal()
        observation[18:36] = self._prev_obs
        if not self._partially_observable:
            observation[36:] = self._get_pos_goal()
        self._prev_obs = observation[:18].copy()
        return observation

    def _get_curr_obs_combined_no_goal(self) -> np.ndarray:
        hand, right, left = self._hand_and_claws
        gap = right - left
        observation = np.zeros(18)
        observation[:3] = hand
        observation[3] = min(math.sqrt(gap.dot(gap)) / 0.1, 1.0)
        positions, quaternions = self._get_pos_objects(), self._get_quat_objects()
        for i in range(len(positions) // 3):
            observation[4 + 7 * i : 7 + 7 * i] = positions[3 * i : 3 * i + 3]
            observation[7 + 7 * i : 11 + 7 * i] = quaternions[4 * i : 4 * i + 4]
        return observation

    def _get_quat_objects(self) -> np.ndarray:
        if self.turning is None:
            quaternion: np.ndarray = super()._get_quat_objects()
            return quaternion
        return quaternion_of(self._turned)

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return self.sawyer_observation_space.low, self.sawyer_observation_space.high

    @cached_property
    def _hand_target(self) -> tuple[np.ndarray, np.ndarray]:
        return self.data.mocap_pos[0], self.data.mocap_quat[0]

    # The arrays that MuJoCo's named access returns are views of the simulation's state.

    @cached_property
    def _hand_and_claws(self) -> list[np.ndarray]:
        return [self.data.body(name).xpos for name in ("hand", "rightclaw", "leftclaw")]

    @cached_property
    def _pads(self) -> list[int]:
        return [self.data.geom(name).id for name in ("leftpad_geom", "rightpad_geom")]

    @cached_property
    def _turned(self) -> np.ndarray:
        kind, name = self.turning or ("", "")
        matrix: np.ndarray = getattr(self.data, kind)(name).xmat
        return matrix


def quaternion_of(matrix: np.ndarray) -> np.ndarray:
    """Return the quaternion (x, y, z, w) of a rotation, with the sign that SciPy gives it.

    The largest of the four is worked out first, so that nothing is divided by a small number.

    Args:
        matrix: Rows of a rotation matrix, one after another. Shape ``(9,)``.

    Example:
        >>> quaternion_of(np.array([0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0])).round(3)
        array([0.   , 0.   , 0.707, 0.707])
    """
    xx, xy, xz, yx, yy, yz, zx, zy, zz = matrix.tolist()
    trace = xx + yy + zz
    largest = max(xx, yy, zz, trace)
    if largest == xx:
        quaternion = [1.0 - trace + 2.0 * xx, yx + xy, zx + xz, zy - yz]
    elif largest == yy:
        quaternion = [yx + xy, 1.0 - trace + 2.0 * yy, zy + yz, xz - zx]
    elif largest == zz:
        quaternion = [zx + xz, zy + yz, 1.0 - trace + 2.0 * zz, yx - xy]
    else:
        quaternion = [zy - yz, xz - zx, yx - xy, 1.0 + trace]
    found = np.array(quaternion)
    return found / math.sqrt(found.dot(found))
