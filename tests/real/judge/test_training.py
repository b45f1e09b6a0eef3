"""A judge learns what the end of a success looks like, and is tried on what it has not seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from policies.pictures.config import EyesConfig
from real.judge.examples import examples_of
from real.judge.training import Fit, fit, score
from tests.real.judge.conftest import QUICK, shown
from zprl_env.errors import ConfigurationError


def test_successes_are_found_and_failures_are_not(trained):
    _, _, validation, scored = trained
    assert (validation.false_successes, validation.found, validation.successes) == (0, 8, 8)
    assert validation.threshold >= 0.5
    assert validation.delay <= 0.5
    assert len(scored) == validation.episodes == 16
    assert validation.hours == pytest.approx(16 * 3.0 / 3600.0)


def test_frames_alone_are_enough():
    examples = examples_of(shown(6, pictures=True), 30.0)
    seen = [example._replace(states=example.states[:, :0]) for example in examples]
    eyes = EyesConfig.of(("front",), (40, 40), "small")
    network = fit(seen[:8], eyes, dataclasses.replace(QUICK, steps=40, batch_size=32))
    said = [score(network, example) for example in seen[8:]]
    ends = [scores[-5:].mean() for scores in said]
    assert min(ends[0::2]) > max(ends[1::2]) + 0.3
    assert len(said[0]) == 90


def test_the_same_seed_is_the_same_judge(trained):
    examples = trained[0]
    few = dataclasses.replace(QUICK, steps=3)
    first, again, other = (
        score(fit(examples, None, dataclasses.replace(few, seed=seed)), examples[0])
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"folds": 1}, {"false_share": 1.0}])
def test_what_is_impossible_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        Fit(**wrong)
