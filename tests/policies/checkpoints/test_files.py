"""The checkpoint of a VIB flow policy is read and verified without torch."""

import json
import subprocess
import sys

import pytest

from policies.checkpoints import files
from policies.errors import CheckpointError


@pytest.fixture
def folder(policy, tmp_path):
    policy.save(tmp_path / "policy")
    return tmp_path / "policy"


def test_a_folder_holds_sizes_tensors_and_a_description(folder, small_config, policy):
    found = files.read(folder)
    assert found.config == small_config
    assert files.arrays_hash(found.weights) == policy.weights_hash
    assert found.metadata["latent"]["rms"] == [1.0, 2.0, 3.0]
    files.verify(found, folder)


def test_the_description_of_sizes_is_what_was_saved(folder, small_config, policy):
    said = files.describe(small_config, policy.weights_hash)
    assert {key: files.read(folder).metadata[key] for key in said} == said


def test_a_size_at_odds_with_the_model_is_named(folder):
    found = files.read(folder)
    found.metadata["horizon"] = 8
    with pytest.raises(CheckpointError, match=r"horizon in .*policy\.json must be 4.*Got: 8"):
        files.verify(found, folder)


@pytest.mark.parametrize("values", [None, [1.0], "three"])
def test_statistics_of_another_latent_are_refused(folder, values):
    path = folder / "policy.json"
    described = json.loads(path.read_text())
    described["latent"]["std"] = values
    path.write_text(json.dumps(described))
    with pytest.raises(CheckpointError, match=r"latent std of .* must be a list of 3 numbers"):
        files.read(folder)


def test_torch_stays_out(folder):
    code = f"import sys; from policies.checkpoints import files; files.read({str(folder)!r}); "
    code += "print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
