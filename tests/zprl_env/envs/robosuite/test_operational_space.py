"""Compiled torques against the textbook's matrices."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs the robosuite extra")

from zprl_env.envs.robosuite.operational_space import apply_torques

JOINTS, NQ, NV, NU = 7, 16, 15, 9
QPOS, QVEL, CTRL = np.arange(2, 9), np.arange(1, 8), np.arange(1, 8)


def rotation(rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(3, 3)))[0]


@pytest.fixture
def situation() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(NV, NV))
    return {
        "qpos": rng.normal(size=NQ),
        "qvel": rng.normal(size=NV),
        "bias": rng.normal(size=NV),
        "ctrl": np.full(NU, np.nan),
        "mass": root @ root.T + np.eye(NV),
        "jacobian": rng.normal(size=(6, NV)),
        "position": rng.normal(size=3),
        "rotation": rotation(rng).ravel(),
        "goal_position": rng.normal(size=3),
        "goal_rotation": rotation(rng),
        "posture": rng.normal(size=JOINTS),
        "stiffness": rng.uniform(100, 200, 6),
        "damping": rng.uniform(10, 20, 6),
        "limits": np.array([[-1e4] * JOINTS, [1e4] * JOINTS]),
        "qpos_index": QPOS,
        "qvel_index": QVEL,
        "ctrl_index": CTRL,
    }


def textbook(s: dict[str, np.ndarray]) -> np.ndarray:
    """Khatib's equations, as he writes them. Returns the torques, shape ``(n,)``."""
    mass, jacobian = s["mass"][np.ix_(QVEL, QVEL)], s["jacobian"][:, QVEL]
    columns = zip(s["rotation"].reshape(3, 3).T, s["goal_rotation"].T, strict=True)
    turn = 0.5 * sum(np.cross(now, goal) for now, goal in columns)
    error = np.concatenate([s["goal_position"] - s["position"], turn])
    wrench = s["stiffness"] * error - s["damping"] * (s["jacobian"] @ s["qvel"])

    inverse = np.linalg.inv(mass)
    lambda_position = np.linalg.inv(jacobian[:3] @ inverse @ jacobian[:3].T)
    lambda_rotation = np.linalg.inv(jacobian[3:] @ inverse @ jacobian[3:].T)
    lambda_full = np.linalg.inv(jacobian @ inverse @ jacobian.T)
    nullspace = np.eye(JOINTS) - inverse @ jacobian.T @ lambda_full @ jacobian
    posture = 10 * (s["posture"] - s["qpos"][QPOS]) - 2 * np.sqrt(10) * s["qvel"][QVEL]
    force = np.concatenate([lambda_position @ wrench[:3], lambda_rotation @ wrench[3:]])
    return jacobian.T @ force + s["bias"][QVEL] + nullspace.T @ mass @ posture


def test_torques_are_the_textbooks(situation):
    assert apply_torques(*situation.values())
    np.testing.assert_allclose(situation["ctrl"][CTRL], textbook(situation), rtol=1e-9)


def test_only_the_arms_motors_are_written_to(situation):
    apply_torques(*situation.values())
    assert np.isnan(situation["ctrl"][[0, 8]]).all()


def test_torques_keep_within_their_limits(situation):
    situation["limits"] = np.array([[-3.0] * JOINTS, [2.0] * JOINTS])
    apply_torques(*situation.values())
    expected = np.clip(textbook(situation), -3, 2)
    np.testing.assert_allclose(situation["ctrl"][CTRL], expected, rtol=1e-9)


def test_a_singular_posture_is_reported_and_commands_nothing(situation):
    situation["jacobian"][5] = situation["jacobian"][4]
    assert not apply_torques(*situation.values())
    assert np.isnan(situation["ctrl"]).all()


def test_numbers_that_are_not_finite_count_as_singular(situation):
    situation["mass"][:] = np.nan
    assert not apply_torques(*situation.values())
