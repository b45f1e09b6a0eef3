"""A policy is resolved from whatever names it, or the error says what does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from policies import save_checkpoint
from policies.compiled_policy import CompiledPolicy
from policies.frozen import FrozenPolicy
from zprl_env.errors import CheckpointError, ConfigurationError, PolicyMismatchError
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import acting_policy, resolve_policy
from zprl_env.steerable import SteerablePolicy
from zprl_env.tasks import SEEN, TASKS, pixel_task
from zprl_env.testing import LinearPolicy

HERE = __name__


class Saved(LinearPolicy):
    """A policy class of one's own that can be saved and loaded."""

    @classmethod
    def from_checkpoint(cls, contents):
        made = cls(contents.metadata["observation_dim"], 1)
        made._weights = contents.weights["weights"]
        return made


class Broken:
    @classmethod
    def from_checkpoint(cls, contents):
        return cls()


class Small(LinearPolicy):
    def __init__(self) -> None:
        super().__init__(3, 1)


OBJECT = LinearPolicy(3, 1)


def make() -> LinearPolicy:
    return LinearPolicy(3, 1)


@pytest.fixture
def folder(tmp_path):
    weights = {"weights": np.full((2, 1), 0.25, np.float32)}
    save_checkpoint(tmp_path / "own", "Saved", weights, {"observation_dim": 3})
    return tmp_path / "own"


def test_an_object_is_taken_as_it_is():
    assert resolve_policy(OBJECT) is OBJECT


@pytest.mark.parametrize("name", ["make", "Small", "OBJECT"])
def test_a_function_a_class_and_an_object_are_found_by_name(name):
    policy = resolve_policy(f"{HERE}:{name}")
    assert isinstance(policy, LinearPolicy)
    assert isinstance(policy, SteerablePolicy)


@pytest.mark.parametrize("name", ["Lift", "lift"])
def test_a_shipped_policy_is_found_by_its_task(name):
    assert isinstance(resolve_policy(name), FrozenPolicy)


@pytest.mark.parametrize("policy_class", [Saved, f"{HERE}:Saved"])
def test_a_checkpoint_of_an_own_class_is_loaded_with_that_class(folder, policy_class):
    policy = resolve_policy(folder, policy_class)
    assert isinstance(policy, Saved)
    np.testing.assert_array_equal(policy.decode(np.ones((1, 2)), np.zeros((1, 4, 1))), 0.5)


def test_without_it_the_checkpoint_is_refused_and_nothing_is_imported(folder):
    with pytest.raises(CheckpointError, match="give the class yourself, by --policy-class"):
        resolve_policy(folder)


def test_what_a_class_makes_must_be_a_policy(folder):
    with pytest.raises(PolicyMismatchError, match="Got: Broken, which lacks feature_dim"):
        resolve_policy(folder, Broken)


def test_a_class_goes_with_a_checkpoint_only():
    with pytest.raises(ConfigurationError, match="must come with a checkpoint's folder"):
        resolve_policy(OBJECT, Saved)


def test_a_class_instead_of_an_object_is_refused():
    with pytest.raises(PolicyMismatchError, match="Expected a SteerablePolicy, a path or a name"):
        resolve_policy(LinearPolicy)  # type: ignore[arg-type]


def test_what_is_not_there_names_every_way_there_is():
    with pytest.raises(CheckpointError, match=r"lift.*hf://user/repo or module:callable") as error:
        resolve_policy("nowhere")
    assert "checkpoint folder or a shipped policy" in str(error.value)


def test_a_shipped_policy_has_the_name_of_its_task(lift_policy):
    shipped = shipped_policies()
    seen = {pixel_task(task).slug for task in TASKS.values() if task.suite in SEEN}
    assert {*shipped} <= {task.slug for task in TASKS.values()} | seen
    assert isinstance(resolve_policy(lift_policy), FrozenPolicy)
    assert isinstance(resolve_policy("lift"), FrozenPolicy)


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Lfit", "lift"), ("squar", "square"), ("PickPlaceCn", "can"), ("Raal", "real")],
)
def test_a_mistyped_policy_is_answered_with_the_one_that_was_meant(typed, meant):
    with pytest.raises(CheckpointError, match=rf"Got: '{typed}'; did you mean '{meant}'\?"):
        resolve_policy(typed)


def test_a_policy_has_the_names_of_its_task():
    by_name, theirs = resolve_policy("Can"), resolve_policy("PickPlaceCan")
    assert by_name.weights_hash == theirs.weights_hash  # type: ignore[attr-defined]
