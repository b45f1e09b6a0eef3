"""The folder of an exported policy is of one piece, or refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from policies.checkpoints.files import arrays_hash
from zprl_env.errors import CheckpointError
from zprl_env.loading.steered_files import POLICY_FOLDER, read_steered, write_steered

ARRAYS = {"weight": np.eye(2, dtype=np.float32)}


@pytest.fixture
def folder(point_policy, tmp_path) -> Path:
    shutil.copytree(point_policy, tmp_path / "out" / POLICY_FOLDER)
    write_steered(tmp_path / "out", {"env": "Point", "version": 7}, ARRAYS)
    return tmp_path / "out"


def test_what_is_written_is_read_again_with_its_hashes(folder):
    metadata, arrays = read_steered(folder)
    said = {name: metadata[name] for name in ("env", "format", "version")}
    assert said == {"env": "Point", "format": "zprl-steered", "version": 1}
    assert metadata["actor_sha256"] == arrays_hash(ARRAYS)
    np.testing.assert_array_equal(arrays["weight"], ARRAYS["weight"], strict=True)


def test_a_description_at_odds_with_a_file_is_refused_by_the_hash_s_name(folder):
    path = folder / "steered.json"
    described = json.loads(path.read_text())
    for name in ("actor_sha256", "policy_sha256"):
        path.write_text(json.dumps(described | {name: "0" * 64}))
        with pytest.raises(CheckpointError, match=rf"{name} in .* must be .*copy them again"):
            read_steered(folder)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "zprl-steered", "version": 2}'])
def test_another_format_is_refused(folder, text):
    (folder / "steered.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"format 'zprl-steered', version 1\. Got: "):
        read_steered(folder)


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"must be a folder with steered\.json.*Got: .*none"):
        read_steered(tmp_path / "none")
