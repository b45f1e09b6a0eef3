"""The policy a run steers: shipped, made before, or made on request."""

from __future__ import annotations

import pytest

from tests.helpers import point
from tests.zprl_env.base_policies.test_make import TINY
from zprl_env.base_policies.find import MADE, base_policy, find_policy, plan
from zprl_env.base_policies.recipes import RECIPES
from zprl_env.errors import CheckpointError, NoExpertError
from zprl_env.loading.resolve import resolve_policy


def test_a_shipped_policy_is_found_by_name_and_by_id():
    assert base_policy("Lift", make=False) == find_policy("ZPRL-Lift-v0") == "Lift"


def test_without_one_it_is_said_what_making_it_would_do():
    with pytest.raises(CheckpointError) as error:
        base_policy("assembly", make=False)
    assert f"Add --make-policy to {plan('assembly')}" in str(error.value)
    assert "50 scripted demonstrations" in str(error.value)
    assert "minutes" in str(error.value)


def test_nobody_can_make_one_that_nobody_can_show():
    with pytest.raises(NoExpertError) as error:
        base_policy("Wipe", make=True)
    said = str(error.value)
    assert said.startswith("Wipe has no scripted expert")
    assert "python -m policies.pretrain --demonstrations FILE --out FOLDER" in said
    assert "Tasks with an expert: Lift, Can, Square" in said
    assert "did you mean" not in said


def test_one_that_was_made_before_is_taken(point_task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = point.save_policy(MADE / "point")
    assert base_policy(point_task, make=True) == folder


@pytest.mark.parametrize(
    ("kwargs", "name"), [(None, "point"), ({"task": "Point"}, "point-task-Point")]
)
def test_on_request_it_is_made_and_told_of(kwargs, name, point_task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(RECIPES, point_task, TINY)
    monkeypatch.setattr("zprl_env.base_policies.find.EVALUATION_EPISODES", 3)
    said: list[str] = []
    folder = base_policy(point_task, make=True, env_kwargs=kwargs, say=said.append)
    assert folder == MADE / name == find_policy(point_task, kwargs)
    assert (tmp_path / "demos" / f"{name}.hdf5").exists()
    assert said[0] == f"No policy is shipped for Point: going to {plan('Point', kwargs)}."
    card = (MADE / name / "README.md").read_text()
    assert ("--env-kwargs 'task=\"Point\"'" in card) is bool(kwargs)
    assert resolve_policy(folder).latent_dim == 2
    assert len(said) == 3
