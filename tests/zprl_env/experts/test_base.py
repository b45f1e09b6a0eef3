"""An expert sees what a policy sees, and says when it has given up."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.point import PointExpert
from zprl_env.experts import Quality
from zprl_env.experts.base import Expert
from zprl_env.tasks import TASKS


def test_what_an_expert_must_say_is_abstract():
    assert Expert.__abstractmethods__ == {"gave_up", "reset", "act"}
    with pytest.raises(TypeError, match="abstract"):
        Expert("Lift")  # type: ignore[abstract]


def test_one_that_says_nothing_of_hands_has_none_and_knows_its_task():
    expert = PointExpert("Point")
    assert (expert.HANDS, expert.task, expert.gave_up) == ((), "Point", False)


def test_all_chance_lies_in_the_quality():
    expert, seen = PointExpert("Point"), {"position": np.array([0.2, -0.1, 0.0])}
    actions = []
    for _ in range(2):
        expert.reset(Quality(grasp_offset=(0.01, 0.0, 0.0)))
        actions.append(expert.act(seen))
    np.testing.assert_array_equal(*actions)
    expert.reset(Quality())
    assert not np.array_equal(expert.act(seen), actions[0])


def test_every_expert_in_the_table_can_be_named():
    experts = {task.expert for task in TASKS.values() if task.expert}
    assert all(name.count(":") == 1 and name.startswith(("zprl_env.", "real.")) for name in experts)
