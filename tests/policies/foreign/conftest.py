"""Demonstrations of a toy task, and a bottleneck fitted onto a generator of lines."""

from __future__ import annotations

import pytest

from policies import foreign
from policies.foreign.testing import LineGenerator
from policies.imitation.config import BottleneckConfig
from zprl_env.testing import reach_demonstrations

CONFIG = BottleneckConfig(
    steps=200, latent_dim=2, bottleneck_hidden_dims=(32,), batch_size=64, log_every=100
)


@pytest.fixture(scope="module")
def demonstrations():
    return reach_demonstrations(12)


@pytest.fixture(scope="module")
def fitted(demonstrations):
    return foreign.fit_foreign_bottleneck(
        LineGenerator(2, 2), demonstrations, CONFIG, progress=False
    )
