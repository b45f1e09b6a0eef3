"""The expert for insert-bills opens the wallet with one hand and puts the bills in."""

from __future__ import annotations

import numpy as np

from real.experts.insert_bills import CARRIED, LEFT, RELEASE, RIGHT
from real.sim.insert_bills import BILL, DEPTH, POCKET
from zprl_env.experts import Quality


def seen(episode, key):
    return episode.trajectory.observations[key].astype(np.float64)


def test_without_fault_it_succeeds_with_the_bills_in_the_wallet(perform):
    episode = perform("Real-insert-bills")
    assert episode.success
    away = (seen(episode, "bills") - seen(episode, "wallet"))[-1, :3]
    assert abs(away[0]) < POCKET[0]
    assert -DEPTH < away[1] < 3 * DEPTH
    assert (np.abs(episode.trajectory.actions) <= 1.0).all()


def test_the_bills_are_carried_high_above_the_wallet_by_the_right_hand(perform):
    episode = perform("Real-insert-bills")
    bills, hands = seen(episode, "bills")[:, :3], seen(episode, "position").reshape(-1, 2, 3)
    carried = bills[:, 2] > BILL[2] + 0.03
    assert bills[:, 2].max() > CARRIED - 0.06
    assert (np.linalg.norm(hands[carried, RIGHT] - bills[carried], axis=1) < 0.06).all()


def test_they_are_let_go_of_by_a_hand_that_opens_just_enough(perform):
    actions = perform("Real-insert-bills").trajectory.actions.reshape(-1, 2, 8)
    openings = 0.5 * (actions[:, RIGHT, -1] + 1.0)
    held = int(np.argmax(openings < 0.01))
    released = held + int(np.argmax(openings[held:] > 0.01))
    assert held > 0
    np.testing.assert_allclose(openings[released], RELEASE, atol=1e-6)


def test_the_left_hand_holds_the_wallet_open_meanwhile(perform):
    actions = perform("Real-insert-bills").trajectory.actions.reshape(-1, 2, 8)
    right = 0.5 * (actions[:, RIGHT, -1] + 1.0)
    held = int(np.argmax(right < 0.01))
    released = held + int(np.argmax(right[held:] > 0.01))
    assert (actions[held:released, LEFT, -1] == -1.0).all()


def test_whoever_misses_the_bills_leaves_them_in_their_stand(perform):
    blind = Quality(grasp_offset=(0.16, 0.0, 0.0), correction=0.0, attempts=1)
    episode = perform("Real-insert-bills", quality=blind)
    assert not episode.success
    bills = seen(episode, "bills")[:, :3]
    assert np.abs(bills[-1] - bills[0])[2] < 0.02


def test_whoever_has_lifted_an_empty_hand_goes_back_at_once(perform):
    blind = Quality(grasp_offset=(0.16, 0.0, 0.0), correction=0.0, attempts=2)
    episode = perform("Real-insert-bills", quality=blind)
    actions = episode.trajectory.actions.reshape(-1, 2, 8)
    closed = actions[:, RIGHT, -1] < -0.99
    assert np.count_nonzero(np.diff(closed.astype(int)) == 1) == 2
    assert (
        seen(episode, "position").reshape(-1, 2, 3)[:, RIGHT, 1].max() < -0.15
    )  # not to the wallet
    left = actions[int(np.argmax(closed)) :, LEFT, -1]
    assert (left == -1.0).all()  # which is held open


def test_without_fault_it_takes_the_bills_once_and_leaves_their_stand(perform):
    actions = perform("Real-insert-bills").trajectory.actions.reshape(-1, 2, 8)
    closed = 0.5 * (actions[:, RIGHT, -1] + 1.0) < 0.01
    assert np.count_nonzero(np.diff(closed.astype(int)) == 1) == 1
