"""Trained agents that come with the package: small, sound, and with the figures they claim."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.helpers.documents import DOCS
from zprl_env import SteeredPolicy
from zprl_env.errors import CheckpointError, TaskMismatchWarning
from zprl_env.loading.shipped import shipped_agents, steered_folder
from zprl_env.loading.steered_files import POLICY_FOLDER
from zprl_env.tasks import find_task

AGENTS = shipped_agents()


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_there_are_three_and_they_are_small():
    assert {*AGENTS} == {"Lift", "Can", "hammer"}
    assert max(map(size, AGENTS.values())) < 1e6
    assert sum(map(size, AGENTS.values())) < 3e6


@pytest.mark.parametrize("name", AGENTS)
def test_each_is_found_by_its_task_s_name_and_acts_without_its_policy_beside_it(name):
    steered = SteeredPolicy.load(name)
    assert not (AGENTS[name] / POLICY_FOLDER).exists()  # it is the shipped one
    task = find_task(name)
    with pytest.warns(TaskMismatchWarning, match="far outside"):  # zeros are no state of theirs
        chunk = steered.predict(np.zeros(task.observation_dim, np.float32))
    assert chunk.shape == (steered.n_action_steps, task.action_dim)
    assert np.isfinite(chunk).all()


@pytest.mark.parametrize("name", AGENTS)
def test_each_says_where_it_comes_from_and_the_pages_say_the_same(name):
    said = SteeredPolicy.load(name).metadata
    base, *_, steered = said["results"].values()
    assert steered["episodes"] == base["episodes"] == 100
    assert said["paired_difference"]["difference"] > 0
    assert said["paired_difference"]["p_value"] < 0.05
    row = f"| `{name}` | {base['success_rate']:.2f} | {steered['success_rate']:.2f} |"
    page = (DOCS / "guides/deploy.md").read_text(encoding="utf-8")
    assert row in page
    command = re.search(rf"train_sb3.py --env {name} --algo (\w+) --total-env-steps (\d+)", page)
    assert command is not None
    assert command[1] == said["algo"]
    assert abs(int(command[2]) - said["env_steps"]) < 20


@pytest.mark.parametrize("name", ["Lift", "lift", "ZPRL-Lift-v0"])
def test_the_shipped_one_of_a_task_is_found_however_the_task_is_called(name):
    assert steered_folder("shipped", name) == AGENTS["Lift"]


def test_a_folder_of_one_s_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Lift").mkdir()
    (tmp_path / "Lift" / "steered.json").touch()
    assert steered_folder("Lift").resolve() == tmp_path / "Lift"


def test_what_is_not_shipped_is_told_with_what_is():
    with pytest.raises(CheckpointError, match=r"No agent is shipped for Square\. There is"):
        steered_folder("shipped", "Square")
    with pytest.raises(CheckpointError, match="Expected a task for its shipped agent"):
        steered_folder("shipped")
