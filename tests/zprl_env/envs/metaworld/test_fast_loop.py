"""Meta-World's control step without its overhead does what Meta-World's does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("metaworld", reason="needs the metaworld extra")

from metaworld.policies import ENV_POLICY_MAP

from zprl_env.envs.metaworld.env import MetaWorldEnv
from zprl_env.envs.metaworld.fast_loop import GOAL_RADII, PARTS_THAT_TURN, quaternion_of
from zprl_env.tasks import TASKS

SOME = {"box-close", "push-wall", "assembly", "door-open", "reach"}


def test_quaternions_are_those_of_scipy():
    for rotation in Rotation.random(200, random_state=0):
        matrix = rotation.as_matrix()
        np.testing.assert_allclose(
            quaternion_of(matrix.ravel()), Rotation.from_matrix(matrix).as_quat(), atol=1e-15
        )


@pytest.mark.filterwarnings("ignore:Constant")  # Meta-World's experts pull hard
@pytest.mark.parametrize(
    "task",
    [
        pytest.param(task, marks=() if task in SOME else pytest.mark.slow)
        for task in sorted(GOAL_RADII)
    ],
)
def test_success_without_the_shaped_reward_is_metaworlds(task):
    expert: Any = ENV_POLICY_MAP[f"{task}-v3"]
    policy = expert()
    sparse, shaped = (
        MetaWorldEnv(task, reward=reward, success_terminates=False)
        for reward in ("sparse", "dense")
    )
    rng, found = np.random.default_rng(0), []
    for seed in range(3):
        sparse.reset(seed=seed)
        shaped.reset(seed=seed)
        observation = shaped._env._get_obs()
        for _ in range(200):
            action = np.clip(policy.get_action(observation), -1, 1).astype(np.float64)
            action += 0.1 * seed * rng.normal(size=4)
            expected, _, _, _, said = shaped._env.step(action)
            seen, success, _, _, info = sparse.step(action)
            assert seen.tobytes() == expected.astype(np.float32).tobytes()
            assert info == {"is_success": bool(said["success"])}
            assert success == float(said["success"])
            found.append(info["is_success"])
            observation = expected
    assert {False, True} == {*found}
    sparse.close()
    shaped.close()


def test_a_version_that_was_not_checked_steps_as_it_will(monkeypatch):
    monkeypatch.setattr("zprl_env.envs.metaworld.fast_loop.version", lambda _: "3.9.0")
    with pytest.warns(UserWarning, match=r"checked against metaworld 3\.1\.1, this is 3\.9\.0"):
        env = MetaWorldEnv("reach")
    assert not env.fast
    env.close()


def test_every_task_that_it_knows_is_one_of_ours():
    ours = {task.kwargs["task"] for task in TASKS.values() if task.suite == "metaworld"}
    assert {*GOAL_RADII} <= ours
    assert {name.removesuffix("-v3") for name in PARTS_THAT_TURN} <= ours
