"""The network behind an ONNX graph computes what a steered policy does, wherever it steers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from policies.checkpoints import model as checkpoint
from policies.compiled_policy import CompiledPolicy
from tests.helpers import point
from zprl_env import SteeredPolicy
from zprl_env.deploy.actor import Actor, Layer
from zprl_env.deploy.onnx_graph import SteeredNetwork, write_onnx
from zprl_env.errors import CheckpointError
from zprl_env.loading.steered_files import ONNX_FILE, POLICY_FOLDER
from zprl_env.steering.base import policy_generator

AGENT_DIM = {"latent": 2, "noise": 8, "joint": 4, "action": 4}
SEEN_DIM = {"features": 10, "state": 5, "both": 13}


def actor(seen: int, size: int) -> Actor:
    """An agent with every kind of layer."""
    rng = np.random.default_rng(0)
    names = ("mean", "std", "gain", "shift")
    return Actor(
        [
            Layer("standardize", {name: rng.uniform(0.5, 1.5, seen) for name in names}),
            Layer("linear", {"weight": rng.normal(size=(16, seen)), "bias": np.ones(16)}),
            Layer("relu"),
            Layer("linear", {"weight": rng.normal(size=(size, 16)), "bias": np.zeros(size)}),
            Layer("clip", {"low": np.array(-2.0), "high": np.array(2.0)}),
            Layer("tanh"),
        ]
    )


@pytest.mark.parametrize("steer", AGENT_DIM)
@pytest.mark.parametrize("observation", SEEN_DIM)
@pytest.mark.parametrize("noise_option", ["zero", "fresh:0.7", "fixed:3"])
def test_the_network_is_the_steered_policy(steer, observation, noise_option, point_policy):
    agent = actor(SEEN_DIM[observation], AGENT_DIM[steer])
    options = {"scale": 0.5, "observation": observation, "noise": noise_option}
    policy = CompiledPolicy.load(point_policy)
    low = np.array([-0.3, -0.8])
    steered = SteeredPolicy(policy, agent, 3, options, steer=steer, low=low, high=0.9)
    network = SteeredNetwork(checkpoint.load(point_policy).model, steered)
    observations = np.random.default_rng(1).uniform(-0.3, 0.3, (6, 3)).astype(np.float32)
    draws = [policy_generator(row).standard_normal((4, 2)) for row in range(6)]
    noise = torch.from_numpy(np.asarray(draws, np.float32)) if noise_option == "fresh:0.7" else None
    with torch.inference_mode():
        actions = network(torch.from_numpy(observations), noise).numpy()
    steered.reset(seed=0)
    expected = steered.predict(observations)
    assert expected.std() > 0.01
    np.testing.assert_allclose(actions, expected, rtol=1e-5, atol=1e-5)


def test_a_graph_that_decides_differently_is_not_written(steered_folder, tmp_path):
    for name in ("onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="needs the onnx extra")
    point.save_policy(tmp_path / POLICY_FOLDER, seed=1)  # another base policy
    steered = SteeredPolicy.load(steered_folder)
    with pytest.raises(CheckpointError, match="ONNX graph must decide as the export does"):
        write_onnx(tmp_path, steered, np.zeros((2, 3)), accuracy=1e-4)
    assert not (tmp_path / ONNX_FILE).exists()
