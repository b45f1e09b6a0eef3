"""A run has its own copy of the base policy, which outlives the original."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policies import load_policy
from tests.helpers import point
from zprl_env.errors import CheckpointError
from zprl_env.files import RunFolderError
from zprl_env.training.run.base_copy import base_copy, keep_base


@pytest.fixture
def source(point_policy, tmp_path) -> Path:
    return Path(shutil.copytree(point_policy, tmp_path / "source"))


@pytest.fixture
def run(tmp_path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def kept(run: Path) -> Path:
    folder = base_copy(run)
    assert folder is not None
    return folder


@pytest.mark.parametrize("fate", ["deleted", "replaced", "written over in place"])
def test_it_survives_whatever_becomes_of_the_original(fate, source, run, tmp_path):
    expected = load_policy(source).weights_hash
    keep_base(run, source, expected)
    if fate == "deleted":
        shutil.rmtree(source)
    elif fate == "replaced":
        point.save_policy(source, seed=5)
    else:
        for file in source.iterdir():
            file.write_bytes(b"spoiled")
    moved = run.rename(tmp_path / "moved")
    assert load_policy(kept(moved)).weights_hash == expected


def test_a_file_that_nobody_can_write_to_is_linked(source, run, tmp_path):
    keep_base(run, source, None)
    weights = kept(run) / "policy.safetensors"
    assert weights.stat().st_nlink == 1  # the original could be written over in place
    assert not weights.stat().st_mode & 0o222
    (tmp_path / "next").mkdir()
    keep_base(tmp_path / "next", kept(run), None)
    assert weights.stat().st_nlink == 2
    shutil.rmtree(run)
    assert load_policy(kept(tmp_path / "next")).latent_dim == 2


def test_its_card_comes_along_and_other_files_do_not(source, run):
    for name in ("README.md", "evaluation.json", "huge.hdf5"):
        (source / name).write_text("{}")
    keep_base(run, source, None)
    names = {path.name for path in kept(run).iterdir()}
    assert names == {"README.md", "evaluation.json", "policy.json", "policy.safetensors"}


def test_a_copy_is_not_copied_onto_itself_and_a_damaged_one_is_replaced(source, run):
    keep_base(run, source, None)
    before = (kept(run) / "policy.json").stat()
    keep_base(run, kept(run), None)
    assert (kept(run) / "policy.json").stat() == before
    (kept(run) / "policy.safetensors").unlink()
    keep_base(run, source, None)
    assert load_policy(kept(run)).latent_dim == 2


def test_code_has_no_copy_and_leaves_no_old_one(source, run):
    keep_base(run, source, None)
    keep_base(run, None, None)
    assert base_copy(run) is None


def test_what_changed_since_it_was_loaded_is_refused_and_leaves_nothing(source, run):
    with pytest.raises(RunFolderError, match="it has changed since it was loaded"):
        keep_base(run, source, "f" * 64)
    (source / "policy.safetensors").write_bytes(b"half")
    with pytest.raises(CheckpointError, match="must be a complete safetensors file"):
        keep_base(run, source, None)
    assert not [*run.iterdir()]
