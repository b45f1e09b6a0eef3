"""pi0 and pi0.5: given noise, LeRobot's own chunk, to the bit. Small random weights."""

import importlib

import numpy as np
import pytest

from policies.encoding import context_of
from policies.foreign.lerobot import load
from policies.foreign.policy import ForeignPolicy
from tests.lerobot import policies
from tests.lerobot.gemma import SETTINGS, small
from tests.lerobot.language import save_backbone
from tests.lerobot.policies import TASK, Reference, observations


def runs(kind: str) -> bool:
    """Whether this LeRobot has the policy, and the transformers that it wants."""
    try:
        modeling = importlib.import_module(f"lerobot.policies.{kind}.modeling_{kind}")
    except ImportError:
        return False
    return hasattr(modeling, "PiGemmaForCausalLM")


@pytest.mark.parametrize("kind", ["pi0", "pi05"])
def test_a_chunk_is_lerobots_own_and_follows_its_noise(kind, tmp_path, monkeypatch):
    if not runs(kind):
        pytest.skip("LeRobot 0.4 wants a changed transformers for it")
    monkeypatch.setitem(policies.KINDS, f"{kind}_sees", (kind, policies.PICTURES, SETTINGS))
    with small(kind, save_backbone(tmp_path / "backbone")):
        folder = policies.save(f"{kind}_sees", tmp_path)
        policy = ForeignPolicy(load(f"{folder}?task={TASK}"))
        reference, seen = Reference(folder), observations("sees", 3)
        rng = np.random.default_rng(0)
        noise = rng.standard_normal((3, *policy.noise_shape)).astype(np.float32)
        encoding = policy.encode(seen)
        own = policy.decode(encoding.mean, noise, context_of(encoding))
        np.testing.assert_array_equal(own, reference.chunk(seen, noise))
        moved = policy.decode(encoding.mean, noise + 1, context_of(encoding))
        assert np.abs(moved - own).max() > 0.1
