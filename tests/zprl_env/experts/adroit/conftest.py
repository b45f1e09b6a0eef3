"""Adroit's tasks with their experts."""

from __future__ import annotations

import pytest

from zprl_env.experts.performance import Stage, operator_for

TASKS = ("door", "hammer", "pen")


@pytest.fixture(scope="module")
def stages():
    """A stage for each task; an episode depends on nothing that was performed before it."""
    stages = {task: Stage(task, skill=0.0, operator=operator_for(0)) for task in TASKS}
    yield stages
    for stage in stages.values():
        stage.close()
