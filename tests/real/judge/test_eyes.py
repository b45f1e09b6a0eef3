"""Eyes of a policy are taken as they are: nothing of them is learned anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from policies.model.config import VibFlowConfig
from policies.model.eyes import PictureEncoder
from policies.pictures.config import EyesConfig
from policies.pictures.settings import PictureSettings
from real.judge.examples import examples_of
from real.judge.eyes import PolicyEyes, policy_eyes
from real.judge.stored import Judge, load_judge
from real.judge.threshold import Validation
from real.judge.training import fit, score
from tests.real.judge.conftest import QUICK, shown
from zprl_env.errors import ConfigurationError


@pytest.fixture(scope="module")
def eyes():
    """Eyes that a policy could have, for the episodes' pictures."""
    config = EyesConfig.of(("front",), (40, 40), "small")
    sizes = VibFlowConfig(observation_dim=2, action_dim=1, pictures=config)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return PolicyEyes(config, PictureEncoder(sizes).requires_grad_(False))


def test_a_judge_learns_from_them_and_leaves_them_as_they_are(eyes, tmp_path):
    before = [weight.clone() for weight in eyes.encoder.parameters()]
    examples = eyes.seen(examples_of(shown(6, pictures=True), 30.0))
    network = fit(examples[:8], eyes, dataclasses.replace(QUICK, steps=80))
    assert network.encoder is not None
    for name, weight in network.encoder.cameras.state_dict().items():
        assert torch.equal(weight, eyes.encoder.cameras.state_dict()[name]), name
    assert all(map(torch.equal, before, eyes.encoder.parameters()))
    said = [score(network, example) for example in examples[8:]]
    ends = [scores[-5:].mean() for scores in said]
    assert min(ends[0::2]) > max(ends[1::2]) + 0.3
    # What was seen once is what is seen again, by a judge from its folder.
    Judge(
        "place-orange", ("near", "noise"), network, Validation(0.8, 3, 9, 1.0, 0, 4, 4, 0.1)
    ).save(tmp_path, {})
    last = examples[8]
    frames = {"front": np.array(last.frames["front"][-1])}
    assert load_judge(tmp_path).score(last.states[-1], frames) == pytest.approx(
        float(said[0][-1]), abs=1e-5
    )


def test_a_policy_that_sees_something_else_or_nothing_is_refused():
    found = policy_eyes(
        "real-pixels", PictureSettings(cameras=("front", "wrist"), image_size=(84, 84))
    )
    assert found.config.cameras == ("front", "wrist")
    with pytest.raises(ConfigurationError, match=r"must show what real-pixels sees.*Got: front of"):
        policy_eyes("real-pixels", PictureSettings(cameras=("front",), image_size=(84, 84)))
    with pytest.raises(ConfigurationError, match="a policy that sees"):
        policy_eyes("real", PictureSettings(cameras=("front",), image_size=(84, 84)))
