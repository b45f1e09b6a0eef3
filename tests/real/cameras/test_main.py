"""A look through the cameras of a file."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from real.cameras.__main__ import Look, look
from real.cameras.camera import CameraError
from zprl_env.errors import ConfigurationError


@pytest.fixture
def wired(tmp_path):
    pytest.importorskip("cv2", reason="needs OpenCV")
    for name in ("front", "wrist"):
        (tmp_path / name).mkdir()
        for number in range(8):
            noise = np.random.default_rng(number).integers(0, 255, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / name / f"{number}.png")
    path = tmp_path / "cameras.yaml"
    rows = [
        f"{name}: {{kind: file, path: {tmp_path / name}, fps: 60, loop: true{more}}}"
        for name, more in (("front", ""), ("wrist", ", crop: [0, 0, 16, 16]"))
    ]
    path.write_text("\n".join(rows))
    return path


def test_it_tells_size_and_rate_and_shows_what_they_see(wired, tmp_path):
    out = tmp_path / "seen.png"
    front, wrist, made = look(Look(wired, seconds=0.3, out=out))
    assert front.startswith("front: 24 x 32, ")
    assert wrist.startswith("wrist: 16 x 16, ")
    assert 20 < float(front.split(", ")[1].split()[0]) < 75
    assert "mean brightness 12" in front
    assert made == f"made {out}"
    with Image.open(out) as image:
        assert image.size == (48, 24)
    assert not [t for t in threading.enumerate() if t.name.startswith("camera")]


def test_a_camera_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "cameras.yaml"
    path.write_text(f"front: {{kind: file, path: {tmp_path / 'none.mp4'}}}")
    with pytest.raises(CameraError, match=r"the camera front failed: .*must be there"):
        look(Look(path))
    with pytest.raises(ConfigurationError, match=r"seconds must lie above 0"):
        Look(path, seconds=-1.0)
