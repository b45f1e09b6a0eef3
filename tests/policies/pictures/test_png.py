import numpy as np
import pytest

from policies.errors import CheckpointError
from policies.pictures.png import decode_frames, encode_frames


def test_a_saturated_red_and_blue_come_back_as_they_were():
    frame = np.zeros((4, 6, 3), np.uint8)
    frame[:2, :, 0], frame[2:, :, 2] = 255, 255
    assert np.array_equal(decode_frames(encode_frames({"front": frame}))["front"], frame)


@pytest.mark.parametrize("texts", [{"front": "????"}, {"front": 3}, {"front": "aGVsbG8="}, [1]])
def test_what_is_no_picture_is_refused(texts):
    with pytest.raises(CheckpointError, match="reference frame"):
        decode_frames(texts)
