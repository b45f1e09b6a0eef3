import numpy as np
import pytest

from policies.errors import PolicyMismatchError
from policies.pictures.batch import check_batch
from policies.pictures.config import EyesConfig

EYES = EyesConfig.of(("front",), (40, 44), "small", crop=36)
FRAMES = np.zeros((2, 40, 44, 3), np.uint8)
STATE = np.zeros((2, 5))


def test_what_the_policy_sees_is_taken_and_other_cameras_are_left_out():
    found = check_batch({"side": FRAMES, "front": FRAMES, "state": STATE}, EYES, 5)
    assert list(found) == ["state", "front"]
    assert found["state"].dtype == np.float32
    assert list(check_batch({"front": FRAMES}, EYES, 0)) == ["front"]


@pytest.mark.parametrize(
    ("observations", "message"),
    [
        (STATE, r"this policy sees: .* \['state', 'front'\]. Got: an array of shape \(2, 5\)"),
        ({"state": STATE}, r"must have \['state', 'front'\]. Got: \['state'\]"),
        ({"front": FRAMES}, r"must have \['state', 'front'\]. Got: \['front'\]"),
        ({"state": STATE[0], "front": FRAMES}, r"state must have the shape \(B, 5\)"),
        ({"state": STATE * np.nan, "front": FRAMES}, "state must be finite"),
        ({"state": STATE, "front": FRAMES[0]}, r"\(N, 40, 44, 3\). Got: \(40, 44, 3\)"),
        ({"state": STATE, "front": FRAMES.astype(np.float32)}, "must be uint8, 0 to 255. Got: fl"),
        ({"state": STATE, "front": np.moveaxis(FRAMES, -1, 1)}, "channels first. Move them last"),
        ({"state": STATE, "front": FRAMES[..., :1]}, "grey or depth. Convert them to RGB"),
        ({"state": STATE, "front": np.zeros((2, 40, 44, 4), np.uint8)}, "alpha channel"),
        ({"state": STATE, "front": FRAMES[:, :36]}, r"image_size=\(40, 44\)"),
        ({"state": STATE, "front": FRAMES[:1]}, "one batch size. Got: {'state': 2, 'front': 1}"),
    ],
)
def test_anything_else_is_refused_with_both_sides(observations, message):
    with pytest.raises(PolicyMismatchError, match=message):
        check_batch(observations, EYES, 5)
