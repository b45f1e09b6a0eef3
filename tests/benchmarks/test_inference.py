"""The benchmark of the engines measures all that are installed, in one run."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from benchmarks import inference
from benchmarks.inference import BATCHES, Run, difference
from policies.frozen import FrozenPolicy
from zprl_env.errors import UnknownNameError, ZprlError


@pytest.mark.slow
def test_every_engine_that_is_installed_is_measured_and_kept(
    point_task, point_policy, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(inference, "shipped", lambda: {point_task: point_policy})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    inference.Run(repeats=2, out=tmp_path)()
    content = json.loads((tmp_path / "inference.json").read_text())
    engines = content["policies"][point_task]["engines"]
    assert set(engines) == set(content["start_seconds"]) == {"numba", "torch"}
    for values in engines.values():
        for times in (values["back_to_back_us"], values["between_steps_us"]):
            assert set(times) == {str(size) for size in BATCHES}
            assert min(times.values()) > 0
    assert engines["torch"]["largest_difference"] == 0 < engines["numba"]["largest_difference"]
    assert content["machine"]["python"]
    shown = capsys.readouterr().out
    assert 'onnx left out: onnxruntime is needed and not installed; run: pip install "' in shown
    assert "Microseconds per decision of 1 / 8 / 32 observations" in shown
    assert f"| {point_task} | numba | " in (tmp_path / "inference.md").read_text()


def test_the_difference_is_the_largest_of_all_outputs(point_policy, monkeypatch):
    ours, theirs = (FrozenPolicy.load(point_policy) for _ in range(2))
    decode = ours.decode
    monkeypatch.setattr(ours, "decode", lambda latents, noise: decode(latents, noise) + 0.5)
    assert difference(ours, theirs, np.zeros((3, 3), np.float32)) == pytest.approx(0.5)


def test_the_committed_table_is_what_was_measured():
    committed = (inference.RESULTS / "inference.md").read_text(encoding="utf-8")
    assert committed == inference.table()


def test_settings_are_checked(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        Run(("Lfit",))
    with pytest.raises(ZprlError, match=r"repeats must be at least 1. Got: 0"):
        Run(repeats=0)
    with pytest.raises(
        ZprlError, match=r"Got: none\. Start with: python -m benchmarks\.inference run"
    ):
        inference.table(tmp_path)
