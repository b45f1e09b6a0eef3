"""The speed of learning is that of SAC as train_sb3.py makes it."""

from __future__ import annotations

from contextlib import closing

import pytest

from benchmarks.tools.learning_speed import Learner


def test_learning_is_measured_without_its_warm_up(shipped_point, monkeypatch):
    with closing(Learner(shipped_point, 1)) as learner:
        assert learner.rate(3, 0.1) > 0
        warmup, decisions = learner.recipe.warmup_decisions, learner.model.num_timesteps
        assert decisions > warmup
        # The last decision is not learned from, which is why the clock starts behind the first.
        assert learner.model._n_updates == 3 * (decisions - warmup - 1)
        assert learner.rate(1, 0.1) > 0
        assert learner.model._n_updates > 3 * (decisions - warmup - 1)


def test_a_learner_can_be_given_the_package_s_own_control_step():
    pytest.importorskip("metaworld")
    for fast in (True, False):
        with closing(Learner("box-close", 1, fast=fast)) as learner:
            (env,) = learner.envs.get_attr("unwrapped")
            assert env.fast == fast
