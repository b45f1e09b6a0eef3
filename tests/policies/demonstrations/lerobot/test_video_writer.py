"""A codec is tried by one frame before anything is written."""

from __future__ import annotations

import pytest

from policies.demonstrations.lerobot.layout import LerobotSettings
from policies.demonstrations.lerobot.video_writer import CODECS, probe_codec
from policies.demonstrations.lerobot.writer import write_lerobot
from policies.errors import DemonstrationError
from tests.helpers.lerobot_data import small_demonstrations

pytest.importorskip("pyarrow", reason="needs the lerobot extra")
pytest.importorskip("av", reason="needs the lerobot extra")


@pytest.mark.parametrize(
    ("encoder", "size"),
    [("no_such_encoder", (64, 64)), ("h264_nvenc", (64, 64)), ("libx264", (65, 63))],
)
def test_a_codec_that_cannot_be_used_is_told_with_a_way_out(encoder, size, monkeypatch):
    """One that this build of FFmpeg lacks, one that needs a device, and an odd size."""
    monkeypatch.setitem(CODECS, "h264", (encoder, {}))
    with pytest.raises(DemonstrationError, match=r"the codec h264 must .* Try --pictures png"):
        probe_codec("h264", size, 20.0)


@pytest.mark.parametrize("codec", ["no_such_codec", "h264"])
def test_nothing_is_written_then(codec, tmp_path, monkeypatch):
    monkeypatch.setitem(CODECS, "h264", ("no_such_encoder", {}))
    with pytest.raises(DemonstrationError, match=r"pictures must be png or|must encode and decode"):
        write_lerobot(small_demonstrations(), tmp_path / "data", LerobotSettings(pictures=codec))
    assert not (tmp_path / "data").exists()


def test_one_that_can_be_used_is_let_alone():
    probe_codec("h264", (64, 64), 20.0)
