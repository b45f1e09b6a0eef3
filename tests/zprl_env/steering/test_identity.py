"""A policy of another task, robot, rate or unit is warned of, with both sides named."""

from __future__ import annotations

from typing import Any

import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.helpers.recording_env import RecordingEnv
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, SteeringVecEnv
from zprl_env.errors import TaskMismatchWarning
from zprl_env.steering.identity import difference
from zprl_env.testing import LinearPolicy

LIFT: dict[str, Any] = {
    "env_name": "Lift",
    "type": 1,
    "env_version": "1.5.2",
    "env_kwargs": {"robots": "Panda", "control_freq": 20, "reward_shaping": False},
}
ABSOLUTE = {"body_parts": {"right": {"type": "OSC_POSE", "input_type": "absolute"}}}
PRESET = {
    "name": "place",
    "rate": 30,
    "arms": [{"model": "xarm7", "gripper": "robotiq"}],
    "action": ["position", "gripper"],
    "action_scale": {"position": 0.5},
}


def lift(**kwargs: Any) -> dict[str, Any]:
    return LIFT | {"env_kwargs": LIFT["env_kwargs"] | kwargs}


def real(**fields: Any) -> dict[str, Any]:
    return {"env_name": "place", "type": "real", "env_kwargs": {"preset": PRESET | fields}}


@pytest.mark.parametrize(
    ("trained", "given", "told"),
    [
        (LIFT, LIFT | {"env_name": "Can"}, "task 'ZPRL-Lift-v0' and 'ZPRL-Can-v0'"),
        (LIFT, lift(robots="UR5e"), "robot 'Panda' and 'UR5e'"),
        (LIFT, lift(control_freq=10), r"rate \[Hz\] 20 and 10"),
        (LIFT, lift(controller_configs=ABSOLUTE), "kind of action 'delta' and 'absolute'"),
        (real(), real(rate=10), r"rate \[Hz\] 30 and 10"),
        (real(), real(arms=[{"model": "franka", "gripper": "robotiq"}]), "xarm7 with .*franka"),
        (real(), real(action=["position"]), "action .*gripper"),
        (real(), real(action_scale={"position": 1.0}), r"scale of actions .*0\.5.* and .*1\.0"),
        ({"env_name": "door", "env_kwargs": {"action_repeat": 1}},
         {"env_name": "door", "env_kwargs": {"action_repeat": 2}}, "action repeat 1 and 2"),
    ],
)  # fmt: skip
def test_what_differs_is_named_in_a_warning(trained, given, told):
    policy = LinearPolicy(3, 2)
    policy.metadata = {"env_args": trained}  # type: ignore[attr-defined]
    env = RecordingEnv()
    env.env_args = given  # type: ignore[attr-defined]
    with pytest.warns(TaskMismatchWarning, match=told) as caught:
        LatentSteeringWrapper(env, policy, scale=0.5)
    assert caught[0].filename == __file__
    with pytest.warns(TaskMismatchWarning, match=told):
        SteeringVecEnv(DummyVecEnv([lambda: ActionChunkWrapper(env, 2)]), policy, scale=0.5)


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        (LIFT, LIFT),
        (LIFT, lift(robots=["Panda"], reward_shaping=True, control_freq=20.0)),
        ({"env_name": "box-close-v2"}, {"env_name": "box-close-v3"}),
        ({"env_name": "Lift"}, LIFT),
        ({}, LIFT),
        (LIFT, {}),
        (None, LIFT),
        ("Lift", LIFT),
        ({"env_name": 3, "env_kwargs": []}, LIFT),
        (real(), real(description="the same")),
    ],
)
def test_what_agrees_or_says_nothing_is_not_warned_of(trained, given):
    assert difference(trained, given) == ""
