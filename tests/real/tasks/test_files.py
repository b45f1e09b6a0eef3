"""A preset is refused with everything that is wrong with it."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import yaml

from real.tasks.files import FOLDER, load_preset, parse_preset, presets, task_facts
from zprl_env.envs import TASKS
from zprl_env.errors import ConfigurationError, MissingExtraError, UnknownNameError
from zprl_env.task import UNKNOWN

CONTENT = yaml.safe_load((FOLDER / "place-orange.yaml").read_text(encoding="utf-8"))


def changed(path, value):
    """The first preset with one setting replaced; None takes it away."""
    content = copy.deepcopy(CONTENT)
    *way, last = path.split(".")
    place = content
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


@pytest.mark.parametrize(
    ("name", "rate", "steps", "actions", "n_action_steps"),
    [
        ("place-orange", 30, 450, 8, 10),
        ("flip-egg", 10, 250, 6, 16),
        ("open-box", 20, 400, 16, 16),
        ("insert-bills", 20, 1000, 16, 16),
    ],
)
def test_the_paper_s_tasks_are_as_in_the_paper(name, rate, steps, actions, n_action_steps):
    from real.tasks.layout import ActionLayout

    preset = load_preset(name)
    assert (preset.rate, preset.episode_steps) == (rate, steps)
    assert preset.n_action_steps == n_action_steps
    assert preset.scale == 0.5  # the paper's belongs to latents of another spread
    assert ActionLayout(preset).size == actions


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("rate", None, "rate is missing"),
        ("rate", 0, "rate must be greater than or equal to 1, got 0"),
        ("rate", "fast", r"rate must be a valid integer.*, got 'fast'"),
        ("ratee", 30, r"ratee is unknown, did you mean rate\?"),
        ("arms.0.safety.velocty", 1.0, r"velocty is unknown, did you mean velocity\?"),
        ("arms.0.colour", "red", "arms.0.colour is unknown, try to leave it out"),
        ("control_rate", 70, r"control_rate must be a multiple of rate, 30; got 70; try 60"),
        ("arms", [], "arms tuple should have at least 1 item"),
        ("arms.0.safety.velocity", -0.1, "arms.0.safety.velocity must be greater than 0, got -0.1"),
        ("arms.0.safety.jerk", float("nan"), "arms.0.safety.jerk must be"),
        ("arms.0.safety.low", [0.6, 0, 0], "low must be below high on every axis"),
        ("arms.0.safety.rotation", [3.0, 2.0, 1.0], "rotation must stay below half a turn"),
        ("arms.0.home.position", [0.42, 0.0, 0.9], "home.position must lie inside the box"),
        ("arms.0.home.quaternion", [0, 2, 0, 0], "must have length 1, got 2"),
        ("action", ["position", "position_delta"], "action must have one of position, position_d"),
        ("action", ["position", "position"], "must name everything once; got position twice"),
        ("observation", ["smell"], "observation.0 must be 'position', .*, got 'smell'"),
        ("objects", [], "objects must list some; got none"),
        ("scale", 0.0, "scale must be greater than 0, got 0.0"),
        ("noise", "wild", "noise: noise must be 'fresh', 'fresh:TEMPERATURE', 'zero'"),
        ("gamma", 1.01, "gamma must be less than or equal to 1, got 1.01"),
        ("n_action_steps", 17, "n_action_steps must be at most horizon, 16; got 17"),
        ("reward", "dense", "reward must be 'terminal' or 'per-step', got 'dense'"),
    ],
)
def test_what_is_unknown_or_impossible_is_named(path, value, complaint):
    with pytest.raises(ConfigurationError, match=f"mine.yaml: .*{complaint}"):
        parse_preset(changed(path, value), "mine.yaml")


def test_deltas_that_the_limits_forbid_are_impossible():
    content = changed("action", ["position_delta"])
    with pytest.raises(ConfigurationError, match=r"action_scale.position must be at most 0.0117"):
        parse_preset(content)


def test_everything_wrong_is_named_at_once():
    content = changed("rate", -1) | {"colour": "red"}
    with pytest.raises(ConfigurationError, match=r"rate must.*; colour is unknown"):
        parse_preset(content)


def test_a_user_s_copy_is_read_by_its_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changed("name", "mine")), encoding="utf-8")
    assert load_preset(path).name == "mine"
    assert load_preset(load_preset(path)).rate == 30


def test_files_that_are_none_are_told(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown preset 'place-oragne'; did you mean"):
        load_preset("place-oragne")
    with pytest.raises(ConfigurationError, match="must be a readable file"):
        load_preset(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must be YAML"):
        load_preset(tmp_path / "broken.yaml")
    (tmp_path / "list.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"must be a mapping of settings\. Got: list"):
        load_preset(tmp_path / "list.yaml")


def test_every_shipped_preset_is_called_by_its_file_s_name():
    assert all(load_preset(name).name == name for name in presets())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", 0.05),
        ("noise", "fresh:0.25"),
        ("gamma", 0.9),
        ("n_action_steps", 3),
        ("horizon", 12),
        ("scale", None),
        ("horizon", None),
    ],
)
def test_what_a_preset_says_to_a_learner_arrives_and_nothing_else_changes(tmp_path, name, value):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changed(name, value)), encoding="utf-8")
    told = {**task_facts("place-orange"), name: value}
    assert task_facts(path) == told
    facts = TASKS["Real"].read_facts({"task": str(path), "driver": "ideal"})
    usual = UNKNOWN._asdict()
    assert facts._asdict() == {k: usual[k] if v is None else v for k, v in told.items()}


def test_a_task_s_row_reads_its_own_preset_and_a_task_without_one_reads_nothing():
    assert TASKS["Real"].read_facts().scale == 0.5
    assert TASKS["Real-flip-egg"].read_facts({"driver": "ideal"}).n_action_steps == 16
    assert TASKS["Real-flip-egg"].read_facts({"task": "open-box"}).scale == 0.5
    assert TASKS["Lift"].read_facts() is TASKS["Lift"].facts


def test_facts_that_nothing_can_read_name_the_extra_that_would():
    row = replace(TASKS["Real"], facts_file="no_such_package.files:task_facts")
    with pytest.raises(MissingExtraError, match=r"no_such_package.*real"):
        row.read_facts()


def test_a_preset_like_a_shipped_one_says_only_what_differs():
    mine = parse_preset({"like": "place-orange", "name": "mine", "episode_steps": 9})
    base = load_preset("place-orange")
    assert (mine.name, mine.scene, mine.episode_steps) == ("mine", "place-orange", 9)
    assert mine.arms == base.arms
    assert mine.watchdog == base.watchdog


@pytest.mark.parametrize(
    ("like", "told"),
    [
        ("place-ornge", "unknown preset that preset is like 'place-ornge'; did you mean"),
        (["place-orange"], "unknown preset that preset is like"),
        ("place-orange-pixels", "must name a preset that stands alone. Got: place-orange-pixels"),
    ],
)
def test_like_names_a_shipped_preset_that_stands_alone(like, told):
    with pytest.raises((UnknownNameError, ConfigurationError)) as caught:
        parse_preset({"like": like, "name": "mine"})
    assert told in str(caught.value)


@pytest.mark.parametrize("task", [name for name in presets() if name.endswith("-pixels")])
def test_a_task_of_pixels_is_its_sibling_but_for_what_is_observed(task):
    seen, tracked = load_preset(task), load_preset(task.removesuffix("-pixels"))
    own = {"name", "observation", "cameras", "pictures"}
    assert seen.model_dump(exclude=own) == tracked.model_dump(exclude=own)
    assert tracked.untracked().observation == seen.observation
