"""The network of a judge takes states, frames or both."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from policies.pictures.config import EyesConfig
from real.judge.network import JudgeNetwork

EYES = EyesConfig.of(("front", "wrist"), (40, 40), "small")


@pytest.mark.parametrize(("size", "eyes"), [(3, None), (0, EYES), (3, EYES)])
def test_one_number_for_each_step(size, eyes):
    network = JudgeNetwork(size, eyes).eval()
    frames = {name: torch.zeros(2, 40, 40, 3, dtype=torch.uint8) for name in ("front", "wrist")}
    logits = network(torch.zeros(2, size), frames)
    assert logits.shape == (2,)
    assert torch.isfinite(logits).all()


def test_a_number_that_never_changes_is_not_blown_up():
    network = JudgeNetwork(2)
    states = np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)
    network.fit_units(states)
    assert network.mean.tolist() == [2.0, 5.0]
    assert network.std.tolist() == pytest.approx([1.0, 1e-3])
