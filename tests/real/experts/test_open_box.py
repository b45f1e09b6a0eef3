"""The expert for open-box holds the box with one hand and leads the lid with the other."""

from __future__ import annotations

import numpy as np

from real.experts.open_box import LEFT, RIGHT
from real.sim.open_box import OPEN_ANGLE
from zprl_env.experts import Quality


def seen(episode, key):
    return episode.trajectory.observations[key].astype(np.float64)


def angles(episode):
    """Of the lid against the box [rad]."""
    box, lid = (seen(episode, key)[:, 3:].reshape(-1, 2, 3) for key in ("box", "lid"))
    return np.arccos(np.clip(np.sum(box[:, 0] * lid[:, 0], axis=1), -1.0, 1.0))


def test_without_fault_it_succeeds_by_opening_the_lid(perform):
    episode = perform("Real-open-box")
    assert episode.success
    opened = angles(episode)
    assert opened[0] < 0.1
    assert opened[-1] > OPEN_ANGLE - 0.1
    assert (np.abs(episode.trajectory.actions) <= 1.0).all()


def test_the_box_is_held_before_the_lid_is_lifted_and_stays_where_it_is(perform):
    episode = perform("Real-open-box")
    grippers = seen(episode, "gripper")
    lifted = int(np.argmax(angles(episode) > 0.2))
    assert grippers[lifted, LEFT] < 0.7
    assert grippers[lifted, RIGHT] < 0.7
    box = seen(episode, "box")[:, :3]
    assert np.abs(box - box[0]).max() < 0.04


def test_the_right_hand_follows_the_knob_while_it_leads_the_lid(perform):
    episode = perform("Real-open-box")
    hands, lid = seen(episode, "position").reshape(-1, 2, 3), seen(episode, "lid")[:, :3]
    leading = angles(episode) > 0.2
    radius = np.linalg.norm(hands[leading, RIGHT] - lid[leading], axis=1)
    assert np.ptp(radius) < 0.03  # an arc about the hinge


def test_whoever_takes_the_knob_for_elsewhere_opens_nothing(perform):
    blind = Quality(grasp_offset=(0.0, 0.12, 0.0), correction=0.0, attempts=1)
    episode = perform("Real-open-box", quality=blind)
    assert not episode.success
    assert angles(episode).max() < OPEN_ANGLE
