"""The generator of lines for tests."""

from __future__ import annotations

import torch

from policies.foreign.testing import LineGenerator


def test_the_same_seed_makes_the_same_line():
    one, other, third = LineGenerator(3, 2), LineGenerator(3, 2), LineGenerator(3, 2, seed=1)
    shown, noise = torch.ones(1, 3), torch.zeros(1, 4, 2)
    torch.testing.assert_close(one.generate(shown, noise), other.generate(shown, noise))
    assert not torch.equal(one.generate(shown, noise), third.generate(shown, noise))


def test_its_loss_is_the_line_s_distance():
    line = LineGenerator(3, 2)
    shown = torch.ones(5, 3)
    assert line.loss(shown, line.generate(shown, torch.zeros(5, 4, 2))) == 0.0
