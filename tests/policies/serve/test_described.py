"""A policy's description holds what a client needs, as JSON and arrays."""

from __future__ import annotations

import json

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.serve.described import describe
from zprl_env.loading.resolve import resolve_policy


def test_sizes_and_statistics_are_there():
    said, arrays = describe(resolve_policy("lift-pixels"))
    assert json.loads(json.dumps(said)) == said
    assert said["cameras"] == ["agentview", "robot0_eye_in_hand"]
    assert {"latent_mean", "latent_rms", "latent_covariance"} <= arrays.keys()


def test_what_is_no_json_is_left_out():
    policy = ForeignPolicy(LineGenerator(3, 2), metadata={"made by": object()})
    said, arrays = describe(policy)
    assert (said["metadata"], arrays) == ({}, {})
    assert not said["takes_context"]
