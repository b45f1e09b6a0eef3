"""What a perturbation makes of a person's decisions is told beside the base policy's own chunk."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.expressed.__main__ import Run, express, summary
from zprl_env import ZprlError
from zprl_env.steering.latent import LatentSteering
from zprl_env.testing import LinearPolicy


def test_what_a_perturbation_gives_is_explained_and_what_is_near_the_base_policy_is_not():
    steering = LatentSteering(LinearPolicy(3, 2), scale=1.0, observation_dim=3, noise="zero")
    latents, still = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    noise = np.zeros((3, steering.policy.horizon, 2), np.float32)
    own, _ = steering.decode(steering.policy.decode, still, latents, noise)
    chunks = np.array(own)
    chunks[0] += 0.3
    chunks[1] += 0.05 * np.array([[(-1.0) ** step] for step in range(chunks.shape[1])])
    chunks[2] += 3.0 * np.array([[(-1.0) ** step] for step in range(chunks.shape[1])])
    found = express(steering, latents, chunks, 0.0)
    share = np.array(found["left"]) / np.array(found["away"])
    assert share[0] < 0.01
    assert min(share[1:]) > 0.9
    table = summary({"before": found, "now": found})
    assert "| 67% of 3 | 50% |" in table
    assert "| 33% of 3 | 0% | 100% | 0% |" in table


def test_no_decisions_are_refused():
    with pytest.raises(ZprlError, match="decisions must be at least 1"):
        Run(decisions=0)
