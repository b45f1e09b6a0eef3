"""The expert for flip-egg gets the blade under the egg and turns it over."""

from __future__ import annotations

import numpy as np

from real.experts.flip_egg import ROLL, FlipEggExpert
from real.sim.flip_egg import PAN_FLOOR, PAN_RADIUS, TURNED
from zprl_env.experts import Quality


def seen(episode, key):
    return episode.trajectory.observations[key].astype(np.float64)


def upright(episode):
    """How much the yolk points up, 1 to -1; of the rotation matrix the last entry."""
    rows = seen(episode, "egg")[:, 3:].reshape(-1, 2, 3)
    return np.cross(rows[:, 0], rows[:, 1])[:, 2]


def test_without_fault_it_succeeds_by_turning_the_egg_over_in_the_pan(perform):
    episode = perform("Real-flip-egg")
    assert episode.success
    up = upright(episode)
    assert up[0] > 0.99
    assert up[-1] < TURNED + 0.15  # it may go on falling in the last step
    egg, pan = seen(episode, "egg")[-1], seen(episode, "pan")[-1]
    assert np.linalg.norm(egg[:2] - pan[:2]) < PAN_RADIUS


def test_the_egg_is_lifted_before_the_wrist_rolls(perform):
    episode = perform("Real-flip-egg")
    height, up = seen(episode, "egg")[:, 2], upright(episode)
    rolled = int(np.argmax(up < 0.7))
    assert rolled > 0
    assert height[:rolled].max() > PAN_FLOOR + 0.03


def test_its_actions_are_small_motions_that_add_up_to_the_roll(perform):
    episode = perform("Real-flip-egg")
    actions = episode.trajectory.actions
    assert actions.shape[1] == 6
    assert (np.abs(actions) <= 1.0).all()
    rows = seen(episode, "rotation_6d").reshape(-1, 2, 3)
    points_down = -np.cross(rows[:, 0], rows[:, 1])[:, 2]
    assert points_down[0] > 0.99
    # An egg that slides off earlier ends the episode on the way.
    assert np.cos(ROLL) - 0.05 < points_down.min() < 0.5


def test_hands_that_do_not_move_lose_all_its_patience_and_it_gives_up(perform):
    episode = perform("Real-flip-egg")
    first = {key: values[0] for key, values in episode.trajectory.observations.items()}
    first["position"] = first["position"] + 0.5  # far from everything, home included
    expert = FlipEggExpert()
    expert.reset(Quality(attempts=1))
    # To the egg, down and under it; up and over; the roll; a wait; up and home.
    patience = 10 * (4 + 4 + 3) + 10 * (4 + 4) + 10 + 5 + 10 * (4 + 4)
    for _ in range(patience):
        expert.act(first)
    assert not expert.gave_up
    expert.act(first)
    assert expert.gave_up
