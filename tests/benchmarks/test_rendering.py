"""The benchmark of pictures measures a backend, and says of others that they give none."""

from __future__ import annotations

import json

import pytest

from benchmarks import rendering
from zprl_env.errors import ZprlError


def test_what_is_measured_is_kept_with_its_table(monkeypatch, tmp_path, capsys):
    pytest.importorskip("gymnasium_robotics", reason="needs the extra adroit")
    monkeypatch.setattr(rendering, "BACKENDS", ("egl", "disabled"))
    monkeypatch.setattr(rendering, "SIZES", (64,))
    out = tmp_path / "rendering.json"
    rendering.Run(("door",), seconds=0.0, out=out)()
    content = json.loads(out.read_text())
    found = content["backends"]["egl"]
    assert content["backends"]["disabled"] is None
    assert [*found["settings"]] == [*rendering.SETTINGS]
    assert found["settings"]["fast"]["per_second"] > 0
    assert found["decisions"]["door"]["pixels"]["cameras"] == ["vil_camera", "fixed"]
    shown = capsys.readouterr().out
    assert "| door, 84 x 84, fast | " in shown
    assert "`MUJOCO_GL=disabled` gives no picture" in (tmp_path / "rendering.md").read_text()


def test_a_table_needs_a_measurement(tmp_path):
    with pytest.raises(ZprlError, match=r"Start with: python -m benchmarks\.rendering run"):
        rendering.Summary(tmp_path / "rendering.json")()
