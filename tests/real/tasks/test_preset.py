"""A preset is checked, complete, and stays as it is."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from real.tasks.files import load_preset, parse_preset, presets
from real.tasks.layout import ACTION_SIZES, JOINT_WISE, OBJECT_SIZES, OBSERVATION_SIZES
from real.tasks.preset import ActionPart, ArmPreset, Home, Limits, ObservationPart, Preset
from zprl_env.errors import ConfigurationError

PRESET = load_preset("place-orange")


def models(model=Preset):
    """A preset's parts, each once."""
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from models(kind)


def test_every_setting_but_what_its_name_says_is_explained():
    unexplained = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    obvious = {"name", "description", "arms", "home", "safety", "watchdog", "cameras"}
    assert {name.split(".")[1] for name in unexplained} <= obvious | {"action_scale"}


@pytest.mark.parametrize("name", sorted(presets()))
def test_written_out_and_read_again_it_is_the_same(name):
    preset = load_preset(name)
    assert Preset.model_validate(preset.model_dump(mode="json")) == preset


@pytest.mark.parametrize("name", sorted(presets()))
def test_an_action_takes_whole_control_periods(name):
    preset = load_preset(name)
    assert preset.ticks * preset.rate == preset.control_rate


def test_nobody_changes_a_limit_once_it_is_checked():
    with pytest.raises(ValidationError, match="Instance is frozen"):
        PRESET.arms[0].safety.velocity = 10.0


def test_a_home_orientation_is_made_a_unit_quaternion():
    nearly = Home(position=(0.4, 0.0, 0.3), quaternion=(0.0, 1.0005, 0.0, 0.0))
    assert nearly.quaternion == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("axis", range(3))
def test_home_lies_inside_the_box_on_every_axis(axis):
    arm = PRESET.arms[0].model_dump()
    arm["home"]["position"] = [*arm["home"]["position"]]
    arm["home"]["position"][axis] = arm["safety"]["high"][axis]
    with pytest.raises(ValidationError, match=r"home.position must lie inside the box; got"):
        ArmPreset.model_validate(arm)


def test_half_a_turn_about_all_axes_together_is_too_much():
    limits = PRESET.arms[0].safety.model_dump()
    Limits.model_validate(limits | {"rotation": (1.8, 1.8, 1.8)})  # of length 3.118
    with pytest.raises(ValidationError, match=r"must stay below half a turn.*of length 3\.15"):
        Limits.model_validate(limits | {"rotation": (1.82, 1.82, 1.82)})


def test_every_part_that_may_be_named_has_a_size():
    named = {*get_args(ActionPart), *get_args(ObservationPart)}
    assert named == {*ACTION_SIZES, *OBSERVATION_SIZES, *OBJECT_SIZES, *JOINT_WISE}


def test_pictures_are_of_cameras_that_the_preset_has():
    content = load_preset("place-orange").model_dump(mode="json")
    content["pictures"] = {"cameras": ["wrist"]}
    with pytest.raises(ConfigurationError, match=r"must be among cameras, front; got wrist"):
        parse_preset(content)
    content["cameras"] = ["front", "wrist"]
    pictures = parse_preset(content).pictures
    assert pictures is not None
    assert pictures.image_size == 84


def test_untracked_it_observes_the_robot_alone_and_something_must_be_left():
    preset = load_preset("place-orange")
    assert "object_positions" not in preset.untracked().observation
    assert preset.untracked().objects == preset.objects  # which a simulated expert looks for
    nothing = preset.model_copy(update={"observation": ("objects",)})
    with pytest.raises(ConfigurationError, match=r"must observe something of the robot itself"):
        nothing.untracked()
