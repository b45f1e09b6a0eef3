"""An environment can differ from the one of the demonstrations: every kind, on every suite."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from zprl_env.cli import settings
from zprl_env.envs import make_env
from zprl_env.envs.metaworld.env import MetaWorldEnv
from zprl_env.envs.mismatch import KINDS, read_mismatch
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.training.environment import make_training_envs
from zprl_env.training.settings.recipe import recipe_for

AMOUNTS = {
    "object_mass": 4.0,
    "friction": 0.3,
    "gripper_delay": 0.2,
    "observation_bias": 0.02,
    "start_region": 2.0,
}
SUITES = ("Lift", "box-close", "Real")


def episode(task: str, mismatch: dict | None = None, seed: int = 3) -> tuple[np.ndarray, Any]:
    """Start of an episode and eight steps down with a gripper that closes, and its environment."""
    env: Any = make_env(task, **({} if mismatch is None else {"mismatch": mismatch}))
    action = np.zeros(env.action_space.shape)
    action[[2, -1]] = -0.3, 1.0 if task != "Real" else -1.0
    rows = [env.reset(seed=seed)[0]] + [env.step(action)[0] for _ in range(8)]
    env.close()
    return np.array(rows), env


def starts(env: gym.Env, columns: tuple[int, ...]) -> np.ndarray:
    """Where an object lies at the beginning of four episodes."""
    return np.array([env.reset(seed=seed)[0][[*columns]] for seed in range(4)])


@pytest.fixture(scope="module")
def nominal() -> dict[str, np.ndarray]:
    return {task: episode(task)[0] for task in SUITES}


def test_every_kind_has_an_amount_here():
    assert AMOUNTS.keys() == KINDS.keys()


@pytest.mark.parametrize("task", SUITES)
def test_one_that_changes_nothing_is_none_to_the_bit(task, nominal):
    rows, env = episode(task, {name: kind.neutral for name, kind in KINDS.items()})
    assert rows.tobytes() == nominal[task].tobytes()
    assert "mismatch" not in env.unwrapped.env_args


@pytest.mark.parametrize("task", SUITES)
def test_it_is_in_the_spec_and_in_the_description_and_the_same_seed_begins_the_same(task, nominal):
    rows, env = episode(task, AMOUNTS)
    assert env.unwrapped.env_args["mismatch"] == AMOUNTS
    again = gym.make(env.spec)
    assert again.reset(seed=3)[0].tobytes() == rows[0].tobytes()
    again.close()
    assert not np.array_equal(rows, nominal[task])


@pytest.mark.parametrize(("task", "seconds"), [("Lift", 0.1), ("box-close", 0.05)])
def test_a_late_gripper_stays_open_until_the_first_command_arrives(task, seconds):
    late: Any = make_env(task, mismatch={"gripper_delay": seconds})
    steps = round(seconds * late.unwrapped.metadata["render_fps"])
    assert 1 < steps < 8
    rows, _ = episode(task, {"gripper_delay": seconds})
    usual: Any = make_env(task)
    action = np.zeros(usual.action_space.shape)
    action[2] = -0.3
    expected = [usual.reset(seed=3)[0]]
    for step in range(8):
        action[-1] = -1.0 if step < steps else 1.0
        expected.append(usual.step(action)[0])
    assert rows.tobytes() == np.array(expected).tobytes()
    usual.close()
    late.close()


def test_a_late_gripper_of_the_robot_closes_later(nominal):
    late, _ = episode("Real", {"gripper_delay": 0.1})
    assert int(np.argmax(nominal["Real"][:, 9] < 0.9)) == 6
    assert late[:, 9].min() > 0.9  # 3 of 30 Hz later


def test_a_biased_tracker_moves_what_is_seen_and_what_is_computed_from_it(nominal):
    seen, env = episode("Lift", {"observation_bias": 0.02})
    moved = seen - nominal["Lift"]
    start = env.unwrapped.observation_keys["object"].start
    np.testing.assert_allclose(moved[:, start], 0.02, atol=1e-6)
    np.testing.assert_allclose(moved[:, start + 7], 0.02, atol=1e-6)  # from the hand to the cube
    moved[:, [start, start + 7]] = 0.0
    assert not moved.any()
    seen, _ = episode("box-close", {"observation_bias": -0.02})
    moved = seen - nominal["box-close"]
    np.testing.assert_allclose(moved[:, [4, 22]], -0.02, atol=1e-6)  # now, and the step before
    moved[:, [4, 22]] = 0.0
    assert not moved.any()


@pytest.mark.parametrize(
    ("task", "columns"), [("Lift", (9, 10)), ("box-close", (4, 5)), ("Real", (16, 17))]
)
def test_starts_are_drawn_about_the_same_centre_and_farther_from_it(task, columns):
    usual, wide = make_env(task), make_env(task, mismatch={"start_region": 2})
    where = [starts(env, columns) for env in (usual, wide)]
    usual.close()
    wide.close()
    center = 2.0 * where[0] - where[1]  # of two draws at once and twice the distance from it
    if task != "box-close":  # whose layouts are drawn again when they are too close
        np.testing.assert_allclose(center, np.broadcast_to(center[0], center.shape), atol=4e-3)
    assert np.ptp(where[1], axis=0).max() > 1.2 * np.ptp(where[0], axis=0).max()


def test_mass_and_friction_are_the_models():
    usual, other = MetaWorldEnv("box-close"), MetaWorldEnv("box-close", mismatch=AMOUNTS)
    (model, _), (changed, _) = usual._simulation(), other._simulation()
    lid = model.body("top_link").id
    assert changed.body_mass[lid] == 4.0 * model.body_mass[lid]
    np.testing.assert_allclose(changed.body_inertia[lid], 4.0 * model.body_inertia[lid])
    massive = model.body_mass > 0
    ratio = (changed.body_mass[massive] / model.body_mass[massive]).round(9)
    assert {*ratio} == {1.0, 4.0}  # the arm weighs what it did
    np.testing.assert_allclose(changed.geom_friction, 0.3 * model.geom_friction)
    usual.close()
    other.close()


@pytest.mark.parametrize(
    ("task", "kind", "needs"),
    [
        ("door", "object_mass", "an object that moves freely"),
        ("door", "gripper_delay", "a gripper"),
        ("door", "observation_bias", "positions of objects to observe"),
        ("door", "start_region", "a region that objects start in"),
        ("Wipe", "start_region", "a region that objects start in"),
    ],
)
def test_a_suite_that_cannot_differ_so_says_what_it_lacks(task, kind, needs):
    with pytest.raises(ConfigurationError, match=f"The mismatch {kind} takes {needs}. Got: the"):
        make_env(task, mismatch={kind: AMOUNTS[kind]})


@pytest.mark.parametrize("task", ["Lift-Pixels", "box-close-Pixels", "Real-Pixels"])
def test_where_no_object_is_observed_a_tracker_cannot_be_off(task):
    with pytest.raises(ConfigurationError, match="observation_bias takes positions of objects to"):
        make_env(task, mismatch={"observation_bias": 0.02})


def test_hardware_cannot_be_made_to_differ():
    with pytest.raises(ConfigurationError, match="use driver='sim': only a simulated robot can be"):
        make_env("Real", driver="ideal", mismatch={"friction": 0.5})


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ("heavy", ConfigurationError, "mismatch must be numbers by name. Got: 'heavy'. Try"),
        ({"mass": 2}, UnknownNameError, "unknown kind of mismatch 'mass'"),
        ({"frictio": 2}, UnknownNameError, "did you mean 'friction'"),
        ({"object_mass": 0}, ConfigurationError, r"\[times\] must be a number above 0; 1 changes"),
        ({"gripper_delay": -1}, ConfigurationError, r"\[s\] must be a number of at least 0; 0 ch"),
        ({"observation_bias": [1]}, ConfigurationError, r"must be a number; 0 .* Got: \[1\]"),
        ({"friction": True}, ConfigurationError, "Got: True"),
        ({"start_region": float("nan")}, ConfigurationError, "Got: nan"),
    ],
)
def test_mistakes_are_told(given, error, told):
    with pytest.raises(error, match=told):
        read_mismatch(given)
    with pytest.raises(error, match=told):
        make_env("Lift", mismatch=given)


def test_one_that_is_given_beside_it_is_sent_there():
    with pytest.raises(ConfigurationError, match=r"use mismatch=\{\"object_mass\": ...\}"):
        make_env("box-close", object_mass=3)


def test_environments_to_train_in_are_made_with_it():
    kwargs = settings(['mismatch={"observation_bias": 0.02}'])
    recipe = recipe_for("sac", "default", "latent", "box-close")
    envs = make_training_envs(
        "box-close", "box-close", "latent", recipe, num_envs=1, seed=0, env_kwargs=kwargs
    )
    assert envs.get_attr("env_args")[0]["mismatch"] == {"observation_bias": 0.02}
    envs.close()
