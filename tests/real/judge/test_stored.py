"""A judge is a folder of tensors and JSON, and refused without its validation."""

from __future__ import annotations

import json

import numpy as np
import pytest

from policies.errors import CheckpointError
from real.judge.stored import DESCRIPTION, WEIGHTS, Judge, load_judge


@pytest.fixture
def folder(trained, tmp_path):
    _, network, validation, _ = trained
    Judge("place-orange", ("near", "noise"), network, validation).save(tmp_path, {"seed": 0})
    return tmp_path


def test_it_says_the_same_when_it_is_loaded(trained, folder):
    examples, network, validation, _ = trained
    judge, state = load_judge(folder), examples[0].states[-1]
    assert judge.validation == validation
    assert judge.keys == ("near", "noise")
    assert judge.score(state, {}) == Judge("", (), network, validation).score(state, {})
    assert judge.score(state, {}) > 0.9
    assert judge.score(examples[0].states[0], {}) < 0.1


@pytest.mark.parametrize(
    "change",
    [
        {"validation": None},
        {"validation": {"threshold": 0.9}},
        {"keys": None, "state_dim": "many"},
        {"eyes": {"encoder": "os:system"}},
    ],
)
def test_one_that_was_never_validated_or_was_changed_is_refused(folder, change):
    content = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps(content | change))
    with pytest.raises(CheckpointError, match="must be a judge that was validated"):
        load_judge(folder)


def test_weights_that_are_damaged_or_anothers_are_refused(folder, tmp_path_factory):
    with pytest.raises(CheckpointError, match="must be a judge"):
        load_judge(tmp_path_factory.mktemp("nothing"))
    content = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps(content | {"state_dim": 5}))
    with pytest.raises(CheckpointError, match="must fit"):
        load_judge(folder)
    (folder / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="safetensors"):
        load_judge(folder)
    assert np.isfinite(content["validation"]["threshold"])
