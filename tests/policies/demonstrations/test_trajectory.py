import numpy as np
import pytest

from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError


@pytest.mark.parametrize(
    ("actions", "rewards", "message"),
    [
        (np.zeros((0, 2)), np.zeros(0), r"actions must have shape \(T, A\) with T > 0"),
        (np.zeros(3), np.zeros(3), r"actions must have shape \(T, A\) .* Got: \(3,\)"),
        (np.zeros((3, 2)), np.zeros(2), r"rewards must have shape \(3,\). Got: \(2,\)"),
        (np.full((3, 2), np.inf), np.zeros(3), "actions must be finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(actions, rewards, message):
    with pytest.raises(DemonstrationError, match=message):
        Trajectory({}, actions, rewards, np.zeros(len(actions)))


def test_flat_observations_follow_the_order_of_the_keys():
    parts = {"a": np.zeros((2, 1)), "b": np.ones((2, 2))}
    trajectory = Trajectory(parts, np.zeros((2, 1)), np.zeros(2), np.zeros(2))
    assert trajectory.flat_observations(("b", "a")).tolist() == [[1, 1, 0], [1, 1, 0]]
    assert len(trajectory) == 2
