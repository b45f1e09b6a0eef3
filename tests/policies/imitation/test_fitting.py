import numpy as np
import pytest
import torch
from torch import nn

from policies.imitation.config import BottleneckConfig
from policies.imitation.fitting import fit
from policies.imitation.optimization import _schedule
from policies.imitation.samples import Samples

SETTINGS = BottleneckConfig(steps=5, batch_size=8, log_every=2, ema_decay=0.0)


@pytest.fixture
def line():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Linear(1, 1)


@pytest.fixture
def samples():
    x = torch.linspace(-1.0, 1.0, 32)[:, None]
    return Samples((x, 2 * x), (x, 3 * x), (x, 2 * x))


def loss(line, x, y, generator):
    return {"loss": (line(x) - y).square().mean()}


def test_losses_are_noted_now_and_then_and_at_the_end(line, samples):
    losses = fit(line, loss, samples, SETTINGS, progress=False).losses
    assert [row["step"] for row in losses] == [2, 4, 5]
    assert losses[0].keys() == {"step", "loss", "val_loss"}


def test_without_averaging_the_average_is_the_learner(line, samples):
    average, _ = fit(line, loss, samples, SETTINGS, progress=False)
    assert average is not line
    assert torch.equal(average.weight, line.weight)
    assert not average.weight.requires_grad


def test_every_step_is_told(line, samples):
    told = []
    fit(line, loss, samples, SETTINGS, after_step=lambda step, _: told.append(step), progress=False)
    assert told == [1, 2, 3, 4, 5]


def test_the_rate_warms_up_and_falls_to_zero():
    rates = [_schedule(step, 1000) for step in range(1, 1001)]
    assert np.argmax(rates) == 99
    assert rates[0] == pytest.approx(0.01)
    assert rates[99] == 1.0
    assert rates[-1] == pytest.approx(0.0, abs=1e-12)
