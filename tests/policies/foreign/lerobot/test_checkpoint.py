"""A LeRobot checkpoint is read and checked before LeRobot itself is imported."""

import json
import sys
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file

from policies.foreign.lerobot.checkpoint import LeRobotCheckpoint, LeRobotWarning
from tests.helpers.lerobot_checkpoints import change_step, config, write

STATE_FILE = "policy_preprocessor_step_3_normalizer_processor.safetensors"


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "policy")


def test_reading_needs_no_lerobot(folder):
    checkpoint = LeRobotCheckpoint(f"lerobot:{folder}")
    assert "lerobot" not in sys.modules
    assert checkpoint.settings.kind == "diffusion"
    assert checkpoint.notes == []


def test_a_run_keeps_where_it_is_from_its_lengths_and_a_hash(folder):
    known = LeRobotCheckpoint(str(folder)).describe()
    json.dumps(known)
    assert (known["predicted"], known["executed"], known["n_obs_steps"]) == (8, 4, 2)
    assert known["folder"] == str(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", STATE_FILE])
def test_the_hash_is_of_weights_configuration_and_statistics(folder, name):
    before = LeRobotCheckpoint(str(folder)).describe()["sha256"]
    path = folder / name
    if name == "config.json":
        path.write_text(path.read_text() + " ")
    else:
        values = load_file(path)
        first = next(name for name in values if "action" not in name)
        save_file(values | {first: values[first] - 0.25}, path)
    assert LeRobotCheckpoint(str(folder)).describe()["sha256"] != before


def test_a_dimension_that_never_moved_is_warned_of(folder):
    values = load_file(folder / STATE_FILE)
    save_file(values | {"observation.state.max": torch.tensor([0.0, 2.0])}, folder / STATE_FILE)
    with pytest.warns(LeRobotWarning, match=r"observation.state was constant .* \[0\], span 1"):
        checkpoint = LeRobotCheckpoint(str(folder))
    assert len(checkpoint.notes) == 1


def test_an_input_that_is_left_as_it_is_is_warned_of(folder):
    keys = ["observation.environment_state"]
    change_step(folder / "policy_preprocessor.json", 3, normalize_observation_keys=keys)
    with pytest.warns(LeRobotWarning, match=r"observation.state is not normalised, though .*MIN_"):
        LeRobotCheckpoint(str(folder))


@pytest.mark.parametrize(("largest", "told"), [(512.0, True), (2.0, False)])
def test_large_numbers_that_lerobot_does_not_normalise_are_warned_of(tmp_path, largest, told):
    """As its Diffusion does by default with an environment's state: PushT's pixels, up to 512."""
    values = config()
    values["normalization_mapping"] = {"STATE": "MIN_MAX", "ACTION": "MIN_MAX"}
    folder = write(tmp_path / "policy", values)
    known = load_file(folder / STATE_FILE)
    ends = {"min": torch.zeros(3), "max": torch.tensor([1.0, largest, 1.0])}
    named = {f"observation.environment_state.{name}": end for name, end in ends.items()}
    save_file(known | named, folder / STATE_FILE)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        checkpoint = LeRobotCheckpoint(str(folder))
    said = [str(one.message) for one in caught if one.category is LeRobotWarning]
    assert bool(said) is told
    assert [note for note in checkpoint.notes if "names no ENV" in note and "512" in note] == (
        checkpoint.notes if told else []
    )


@pytest.mark.parametrize(("number", "first"), [(2, True), (3, False)])
def test_numbers_are_cast_where_the_pipeline_says(folder, number, first):
    path = folder / "policy_preprocessor.json"
    change_step(path, 2, float_dtype="bfloat16")
    values = json.loads(path.read_text())
    values["steps"][2:] = sorted(
        values["steps"][2:], key=lambda step: ("device" in step["registry_name"]) != first
    )
    path.write_text(json.dumps(values))
    checkpoint = LeRobotCheckpoint(str(folder))
    seen = checkpoint.normalized({"observation.state": torch.tensor([[0.001, 0.3]])})
    assert seen["observation.state"].dtype is torch.bfloat16
    assert checkpoint.processors.cast_first is first


def test_a_batch_of_zeros_has_the_policys_shapes(folder):
    batch = LeRobotCheckpoint(str(folder)).dry_batch(3)
    assert {name: tuple(part.shape) for name, part in batch.items()} == {
        "observation.state": (3, 2, 2),
        "observation.environment_state": (3, 2, 3),
    }
