"""Every task that can be shown has a recipe, its own or the usual one."""

from __future__ import annotations

import pytest

from zprl_env.base_policies.recipes import RECIPES, ImitationRecipe, imitation_recipe
from zprl_env.errors import NoExpertError
from zprl_env.tasks import TASKS


@pytest.mark.parametrize("task", RECIPES)
def test_a_recipe_is_of_a_task_that_can_be_shown_by_name_and_by_id(task):
    assert TASKS[task].expert
    recipe = imitation_recipe(task)
    assert (recipe.episodes, recipe.skill) == (RECIPES[task].episodes, RECIPES[task].skill)
    assert imitation_recipe(TASKS[task].id) == recipe
    assert recipe.pretrain.n_action_steps <= recipe.pretrain.horizon


def test_any_other_task_gets_the_usual_one():
    assert "assembly" not in RECIPES
    assert imitation_recipe("assembly") == ImitationRecipe()


def test_a_robot_s_preset_says_how_long_its_chunks_are():
    pytest.importorskip("pydantic", reason="needs the real extra")
    from real.tasks.files import load_preset

    for task in ("place-orange", "flip-egg"):
        preset, pretrain = load_preset(task), imitation_recipe("Real", {"task": task}).pretrain
        assert pretrain.n_action_steps == preset.n_action_steps
        assert pretrain.horizon == (preset.horizon or 16)


def test_a_task_that_nobody_can_show_is_refused_with_one_that_can_be():
    with pytest.raises(NoExpertError, match=r"ToolHang has no scripted.*with an expert: Lift, Can"):
        imitation_recipe("ToolHang")
