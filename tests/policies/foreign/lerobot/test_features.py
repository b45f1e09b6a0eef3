"""Features of a LeRobot policy."""

import pytest

from policies.errors import CheckpointError
from policies.foreign.lerobot.features import VISUAL, Feature, read_features


def test_features_keep_the_files_order():
    said = {name: {"type": "STATE", "shape": [1]} for name in ("b", "a", "c")}
    assert [feature.name for feature in read_features(said, "it")] == ["b", "a", "c"]


@pytest.mark.parametrize("name", ["observation.images.top.left", "observation.images.top_left"])
def test_a_camera_keeps_dots_and_underscores(name):
    assert Feature(name, VISUAL, (3, 8, 8)).camera == name.removeprefix("observation.images.")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"type": "VISUAL", "shape": [84, 84, 3]}, "channels first"),
        ({"type": "VISUAL", "shape": [1, 84, 84]}, "Depth, grey"),
        ({"type": "VISUAL", "shape": [3, 84]}, "channels first"),
        ({"type": "STATE", "shape": [2, 3]}, "flat vector"),
        ({"type": "STATE", "shape": [0]}, "positive integers"),
        ({"type": "STATE", "shape": 3}, "positive integers"),
        ({"type": "LANGUAGE", "shape": [3]}, "must have a type of"),
        ([3], "must have a type of"),
    ],
)
def test_what_is_no_feature_is_refused_by_its_name(entry, told):
    with pytest.raises(CheckpointError, match=told) as error:
        read_features({"observation.thing": entry}, "input_features in here")
    assert "input_features in here, observation.thing" in str(error.value)


@pytest.mark.parametrize("said", [None, {}, [], "observation.state"])
def test_no_features_are_refused(said):
    with pytest.raises(CheckpointError, match="must name features"):
        read_features(said, "it")
