"""A judge is a folder of tensors and JSON, and refused without its validation."""

from __future__ import annotations

import json

import numpy as np
import pytest

from policies.errors import CheckpointError, PolicyMismatchError
from policies.pictures.config import EyesConfig
from policies.pictures.settings import PictureSettings
from real.judge.network import JudgeNetwork
from real.judge.stored import DESCRIPTION, WEIGHTS, Judge, load_judge
from real.judge.threshold import Validation

PICTURES = PictureSettings(cameras=("front",), image_size=(40, 40))


@pytest.fixture
def folder(trained, tmp_path):
    _, network, validation, _ = trained
    Judge("place-orange", ("near", "noise"), network, validation, PICTURES).save(tmp_path, {})
    return tmp_path


def test_it_says_the_same_when_it_is_loaded(trained, folder):
    examples, network, validation, _ = trained
    judge, state = load_judge(folder), examples[0].states[-1]
    assert (judge.validation, judge.pictures) == (validation, PICTURES)
    assert judge.keys == ("near", "noise")
    assert judge.score(state, {}) == Judge("", (), network, validation).score(state, {})
    assert judge.score(state, {}) > 0.9
    assert judge.score(examples[0].states[0], {}) < 0.1


@pytest.mark.parametrize(
    "change",
    [
        {"validation": None},
        {"validation": {"threshold": 0.9}},
        {"validation": Validation(0.9, 0, 20, 0.1, 0, 10, 10, 0.1)._asdict()},
        {"validation": Validation(0.9, 2.5, 20, 0.1, 0, 10, 10, 0.1)._asdict()},  # type: ignore[arg-type]
        {"keys": None, "state_dim": "many"},
        {"eyes": {"encoder": "os:system"}},
        {"pictures": {"cameras": ["front"]}},
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


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ({"front": np.zeros((36, 36, 3), np.uint8)}, r"must have the shape \(N, 40, 40, 3\)"),
        ({"front": np.zeros((40, 40, 3), np.float32)}, "must be uint8, 0 to 255"),
        ({"front": np.zeros((3, 40, 40), np.uint8)}, "channels first"),
        ({"side": np.zeros((40, 40, 3), np.uint8)}, r"must have \['front'\]"),
    ],
)
def test_frames_of_another_kind_than_it_has_learned_from_are_refused(frames, told):
    eyes = EyesConfig.of(("front",), (40, 40), "small", crop=36)
    worth = Validation(0.9, 3, 20, 0.1, 0, 10, 10, 0.1)
    judge = Judge("place-orange", (), JudgeNetwork(0, eyes), worth)
    with pytest.raises(PolicyMismatchError, match=told):
        judge.score(np.zeros(0, np.float32), frames)
    assert 0.0 < judge.score(np.zeros(0), {"front": np.zeros((40, 40, 3), np.uint8)}) < 1.0
