"""A policy is an object, a folder, a shipped name or code of the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from policies.compiled_policy import CompiledPolicy
from policies.frozen import FrozenPolicy
from zprl_env.errors import CheckpointError, PolicyMismatchError
from zprl_env.loading.resolve import acting_policy, resolve_policy, shipped_policies
from zprl_env.tasks import TASKS
from zprl_env.testing import LinearPolicy


def make_policy() -> LinearPolicy:
    return LinearPolicy(3, 2)


def test_an_object_is_itself():
    policy = LinearPolicy(3, 2)
    assert resolve_policy(policy) is policy


def test_a_folder_is_loaded_by_its_path_as_text_or_path(point_policy):
    for path in (point_policy, str(point_policy)):
        policy = resolve_policy(path)
        assert isinstance(policy, FrozenPolicy)


def test_a_shipped_policy_has_the_name_of_its_task(lift_policy):
    shipped = shipped_policies()
    assert {*shipped} <= {task.slug for task in TASKS.values()}
    assert isinstance(resolve_policy(lift_policy), FrozenPolicy)
    assert isinstance(resolve_policy("lift"), FrozenPolicy)


def test_code_of_one_s_own_is_called():
    assert isinstance(resolve_policy(f"{__name__}:make_policy"), LinearPolicy)


def test_what_is_not_there_is_told_with_what_there_is():
    with pytest.raises(CheckpointError, match=r"a shipped policy \(adroit-door, .*Got: 'nowhere'"):
        resolve_policy("nowhere")


def test_an_object_that_is_no_policy_is_told_what_it_lacks():
    incomplete = LinearPolicy(3, 2)
    del incomplete.horizon
    with pytest.raises(PolicyMismatchError, match=r"Got: LinearPolicy, which lacks horizon\."):
        resolve_policy(incomplete)
    with pytest.raises(PolicyMismatchError, match="Got: dict, which lacks feature_dim"):
        resolve_policy({})  # type: ignore[arg-type]


def test_for_acting_alone_torch_is_left_out_and_nothing_changes(point_policy: Path):
    ours, theirs = acting_policy(point_policy), FrozenPolicy.load(point_policy)
    assert isinstance(ours, CompiledPolicy)
    seen = np.random.default_rng(0).normal(size=(1, 3))
    for one, two in zip(ours.encode(seen), theirs.encode(seen), strict=True):
        np.testing.assert_array_equal(one, two)
