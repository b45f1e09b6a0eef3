"""Processors: both sides are read strictly, and belong together."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from policies.errors import CheckpointError
from policies.foreign.lerobot.processors import read_processors
from policies.foreign.lerobot.settings import read_settings
from policies.foreign.lerobot.weights import read_weights
from tests.helpers.lerobot_checkpoints import change, change_step, config, features, write

BEFORE, AFTER = "policy_preprocessor.json", "policy_postprocessor.json"
STATE_FILE = "policy_preprocessor_step_3_normalizer_processor.safetensors"
ACTION_FILE = "policy_postprocessor_step_0_unnormalizer_processor.safetensors"


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "policy")


def read(folder):
    settings = read_settings(folder / "config.json", ("diffusion",))
    return read_processors(folder, settings, read_weights(folder)[1])


def test_inputs_and_actions_are_normalised_as_they_say(folder):
    processors = read(folder)
    modes = {name: part.mode for name, part in processors.inputs.items()}
    assert modes == {"observation.state": "MIN_MAX", "observation.environment_state": "IDENTITY"}
    assert processors.action.invert(torch.ones(1, 2)).tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize("gone", [BEFORE, AFTER])
def test_a_side_that_is_missing_is_refused_not_skipped(folder, gone):
    (folder / gone).unlink()
    with pytest.raises(CheckpointError, match=f"Got: no {gone}"):
        read(folder)


def test_both_sides_missing_are_refused(folder):
    for name in (BEFORE, AFTER):
        (folder / name).unlink()
    with pytest.raises(CheckpointError, match="far too much"):
        read(folder)


@pytest.mark.parametrize("side", [STATE_FILE, ACTION_FILE])
def test_statistics_under_another_key_are_refused(folder, side):
    known = load_file(folder / side)
    save_file({f"x.{name}": value for name, value in known.items()}, folder / side)
    with pytest.raises(CheckpointError, match=f"{side} must hold statistics of .*others are x"):
        read(folder)


@pytest.mark.parametrize("side", [STATE_FILE, ACTION_FILE])
def test_a_file_of_statistics_that_is_missing_is_named(folder, side):
    (folder / side).unlink()
    with pytest.raises(CheckpointError, match=side):
        read(folder)


def test_a_choice_of_inputs_that_names_none_of_them_is_refused(folder):
    change_step(folder / BEFORE, 3, normalize_observation_keys=["observation.states"])
    with pytest.raises(CheckpointError, match=r"must name inputs .* Got: observation.states"):
        read(folder)


def test_a_normaliser_without_a_file_is_inert_and_refused(folder):
    values = json.loads((folder / AFTER).read_text())
    del values["steps"][0]["state_file"]
    (folder / AFTER).write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match="none of action"):
        read(folder)


def test_two_sides_of_two_trainings_are_refused(folder):
    known = load_file(folder / ACTION_FILE)
    save_file(known | {"action.max": known["action.max"] + 1}, folder / ACTION_FILE)
    with pytest.raises(CheckpointError, match=r"action.max must be the same .* two trainings"):
        read(folder)


@pytest.mark.parametrize(
    ("norm_map", "told"),
    [
        ({"STATE": "MEAN_STD", "ACTION": "MIN_MAX"}, "observation.state as config.json says"),
        ({"STATE": "MIN_MAX"}, "action as config.json says, MIN_MAX. Got: IDENTITY"),
        ({"STATE": "MIN_MAX", "ACTION": "MIN_MAX", "ENV": "MIN_MAX"}, "environment_state as"),
    ],
)
def test_a_step_that_normalises_otherwise_than_the_configuration_is_refused(folder, norm_map, told):
    change_step(folder / BEFORE, 3, norm_map=norm_map)
    with pytest.raises(CheckpointError, match=told):
        read(folder)


@pytest.mark.parametrize("wrong", ["observation.states", "observation_state"])
def test_a_step_that_names_another_feature_is_refused(folder, wrong):
    named = {wrong: {"type": "STATE", "shape": [2]}, **config()["output_features"]}
    change_step(folder / BEFORE, 3, features=named)
    with pytest.raises(CheckpointError, match="Names are compared exactly"):
        read(folder)


@pytest.mark.parametrize(
    "step",
    [
        {"registry_name": "delta_action_processor", "config": {}},
        {"registry_name": "tokeniser", "config": {}},
        {"class": "my_lab.steps.Flip", "config": {}},
    ],
)
@pytest.mark.parametrize("side", [BEFORE, AFTER])
def test_a_step_that_is_not_known_is_refused_and_never_imported(folder, side, step):
    values = json.loads((folder / side).read_text())
    change(folder / side, steps=[*values["steps"], step])
    with pytest.raises(CheckpointError, match=r"Every step in .* must be one of"):
        read(folder)


@pytest.mark.parametrize(
    ("side", "name"),
    [(BEFORE, "relative_actions_processor"), (AFTER, "absolute_actions_processor")],
)
def test_relative_actions_are_refused_and_their_disabled_step_is_taken(folder, side, name):
    values = json.loads((folder / side).read_text())
    step = {"registry_name": name, "config": {"enabled": False}}
    change(folder / side, steps=[*values["steps"], step])
    assert read(folder).language == ()
    change_step(folder / side, -1, enabled=True)
    with pytest.raises(CheckpointError, match=rf"{name} in .* must be disabled"):
        read(folder)


@pytest.mark.parametrize("number", [0, 2])
def test_normalised_never_or_twice_is_refused(folder, number):
    values = json.loads((folder / BEFORE).read_text())
    steps = [step for step in values["steps"] if step["registry_name"] != "normalizer_processor"]
    change(folder / BEFORE, steps=[*steps, *values["steps"][3:] * number])
    with pytest.raises(CheckpointError, match=f"must have one normalizer_processor. Got: {number}"):
        read(folder)


def test_a_file_of_statistics_lies_beside_its_pipeline(folder):
    values = json.loads((folder / BEFORE).read_text())
    values["steps"][3]["state_file"] = "../elsewhere.safetensors"
    (folder / BEFORE).write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match="name of a file beside it"):
        read(folder)


def test_a_rename_is_passed_on(tmp_path):
    folder = write(tmp_path / "policy", config(input_features=features(pictures=True)))
    change_step(
        folder / BEFORE, 0, rename_map={"observation.images.left": "observation.images.top"}
    )
    processors = read(folder)
    top = read_settings(folder / "config.json", ("diffusion",)).pictures[0]
    assert processors.shown(top).name == "observation.images.left"


@pytest.mark.parametrize(
    "renames",
    [
        {"a": "observation.images.top", "b": "observation.images.top"},
        {"a": "observation.images.none"},
        {"observation.images.top": "observation.images.wrist_cam"},
        {"a": 3},
    ],
)
def test_renames_that_lose_a_camera_are_refused(tmp_path, renames):
    folder = write(tmp_path / "policy", config(input_features=features(pictures=True)))
    change_step(folder / BEFORE, 0, rename_map=renames)
    with pytest.raises(CheckpointError, match="rename_map"):
        read(folder)


@pytest.mark.parametrize(("said", "dtype"), [(None, None), ("bfloat16", torch.bfloat16)])
def test_the_type_of_numbers_is_read(folder, said, dtype):
    change_step(folder / BEFORE, 2, float_dtype=said)
    assert read(folder).dtype is dtype


def test_an_unknown_type_of_numbers_is_refused(folder):
    change_step(folder / BEFORE, 2, float_dtype="int8")
    with pytest.raises(CheckpointError, match="float_dtype"):
        read(folder)


def old(folder, **changes):
    """Turn a checkpoint into one of before the processors: statistics among the weights."""
    for name in (BEFORE, AFTER):
        (folder / name).unlink()
    buffers = {
        "normalize_inputs.buffer_observation_state.min": torch.zeros(2),
        "normalize_inputs.buffer_observation_state.max": torch.ones(2),
        "normalize_targets.buffer_action.min": torch.zeros(2),
        "normalize_targets.buffer_action.max": torch.full((2,), 3.0),
        "unnormalize_outputs.buffer_action.min": torch.zeros(2),
        "unnormalize_outputs.buffer_action.max": torch.full((2,), 3.0),
    }
    kept = {key: v for key, v in (buffers | changes).items() if v is not None}
    save_file({"layer.weight": torch.ones(1), **kept}, folder / "model.safetensors")
    return folder


def test_statistics_that_old_checkpoints_keep_as_buffers_are_taken(folder):
    processors = read(old(folder))
    assert processors.action.invert(torch.ones(1, 2)).tolist() == [[3.0, 3.0]]
    assert [*read_weights(folder)[0]] == ["layer.weight"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"normalize_inputs.buffer_observation_state.max": torch.full((2,), float("inf"))}, "fini"),
        ({"unnormalize_outputs.buffer_action.max": torch.ones(2)}, "two that differ"),
        (
            {
                "normalize_inputs.buffer_observation_state.min": None,
                "normalize_inputs.buffer_observation_state.max": None,
            },
            "none of observation.state",
        ),
    ],
)
def test_buffers_that_were_never_filled_or_differ_are_refused(folder, changes, told):
    with pytest.raises(CheckpointError, match=told):
        read(old(folder, **changes))


def test_two_cameras_that_buffers_cannot_tell_apart_are_refused(tmp_path):
    camera = {"type": "VISUAL", "shape": [3, 32, 48]}
    named = {"observation.images.wrist.cam": camera, "observation.images.wrist_cam": camera}
    folder = write(tmp_path / "policy", config(input_features=features() | named))
    with pytest.raises(CheckpointError, match="look alike"):
        read(old(folder))
