"""A checkpoint names its class, and the name is looked up and never imported."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from policies import load_policy, save_checkpoint
from policies.checkpoints.classes import CHECKPOINT_CLASSES
from policies.errors import CheckpointError, ConfigurationError
from policies.frozen import FrozenPolicy


class Constant:
    """A policy class of a user's own: it has one tensor."""

    def __init__(self, action):
        self.action = action

    @classmethod
    def from_checkpoint(cls, contents):
        return cls(contents.weights["action"] * contents.metadata["gain"])


@pytest.fixture
def folder(policy, tmp_path):
    policy.save(tmp_path / "policy")
    return tmp_path / "policy"


@pytest.fixture
def own(tmp_path):
    save_checkpoint(tmp_path / "own", "Constant", {"action": np.ones(2)}, {"gain": 3.0})
    return tmp_path / "own"


def edit(folder, **changes):
    path = folder / "policy.json"
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def test_a_saved_policy_names_its_class(folder):
    assert json.loads((folder / "policy.json").read_text())["class"] == "VibFlow"
    assert CHECKPOINT_CLASSES["VibFlow"] == "policies.frozen:FrozenPolicy"
    assert isinstance(load_policy(folder), FrozenPolicy)


def test_a_checkpoint_from_before_classes_were_named_loads_unchanged(folder):
    named = load_policy(folder)
    edit(folder, **{"class": None})
    before = load_policy(folder)
    assert before.metadata == named.metadata == FrozenPolicy.load(folder).metadata
    assert before.weights_hash == named.weights_hash


def test_a_class_of_one_s_own_is_made_of_its_checkpoint(own):
    assert load_policy(own, policy_class=Constant).action.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("load", [load_policy, FrozenPolicy.load])
def test_an_unknown_class_is_refused_and_says_what_to_do(own, load):
    with pytest.raises(
        CheckpointError, match=r"must be one of 'VibFlow'.*\. Got: 'Constant'"
    ) as error:
        load(own)
    assert "--policy-class module:Class" in str(error.value)
    assert "policies.load_policy(folder, policy_class=...)" in str(error.value)


@pytest.mark.parametrize("name", ["os:system", "policy_bomb:Policy", "policies.frozen:X"])
def test_a_name_of_code_in_a_checkpoint_is_never_imported(folder, tmp_path, name):
    (tmp_path / "policy_bomb.py").write_text("print('imported')")
    edit(folder, **{"class": name})
    code = (
        "import sys\nfrom policies import CheckpointError, load_policy\n"
        f"try:\n    load_policy({str(folder)!r})\n"
        "except CheckpointError as error:\n    print('refused')\n"
        "print('policy_bomb' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["refused", "False"]


def test_the_weights_of_an_own_class_are_verified_too(own):
    edit(own, weights_sha256="0" * 64)
    with pytest.raises(CheckpointError, match=r"weights_sha256 in .* must be '"):
        load_policy(own, policy_class=Constant)


def test_a_class_that_cannot_be_made_of_a_checkpoint_says_what_it_lacks(own):
    with pytest.raises(ConfigurationError, match=r"class method from_checkpoint\(contents\)"):
        load_policy(own, policy_class=dict)


def test_an_own_checkpoint_is_a_folder_of_plain_values(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="Got a file"):
        save_checkpoint(tmp_path / "file", "Constant", {}, {})
    with pytest.raises(CheckpointError, match="must be plain JSON values"):
        save_checkpoint(tmp_path / "p", "Constant", {}, {"gain": float("nan")})
    assert not (tmp_path / "p").exists()
