"""LeRobot's own classes, and what is said where they are not installed."""

import importlib.util

import pytest

from policies.errors import CheckpointError
from policies.foreign.lerobot.modules import CLASSES, chosen_device, versions

WITHOUT = importlib.util.find_spec("lerobot") is None


def test_a_file_chooses_among_known_classes_alone():
    assert {*CLASSES} == {"diffusion", "act", "smolvla", "pi0", "pi05"}
    assert all(
        place[0].startswith("lerobot.policies.") for pair in CLASSES.values() for place in pair
    )


@pytest.mark.parametrize("said", ["cuda", "cuda:3", "mps", None, "tpu"])
def test_a_device_that_was_the_trainers_is_no_demand(monkeypatch, said):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert chosen_device(None, said) == "cpu"


@pytest.mark.parametrize("asked", ["cuda", "mps", "gpu"])
def test_a_device_that_the_user_names_must_be_here(monkeypatch, asked):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(CheckpointError, match=f"must be cpu, or a cuda .* Got: '{asked}'"):
        chosen_device(asked, "cpu")


def test_versions_of_what_computes_are_told():
    assert {"torch", "numpy"} <= {*versions()}
