"""A folder appears whole or not at all, and a checkpoint is never of two."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from policies.checkpoints import contents
from policies.checkpoints.contents import save_checkpoint
from policies.checkpoints.output import FolderInUseError, OverwriteError
from policies.checkpoints.whole import replace_file, whole_folder
from policies.frozen import FrozenPolicy

DIE = """
import os, signal, sys
from pathlib import Path
from policies.checkpoints.whole import whole_folder
with whole_folder(Path(sys.argv[1])) as partial:
    (partial / "a").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_killed_half_way_is_not_there_and_not_in_the_way(tmp_path):
    done = subprocess.run([sys.executable, "-c", DIE, str(tmp_path / "out")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert names(tmp_path) == ["out.partial"]
    with whole_folder(tmp_path / "out") as partial:
        assert names(partial) == [".lock", ".lock.json"]
        (partial / "b").write_text("whole")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["b"]


def test_a_failure_leaves_what_was_there(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(OverwriteError, match="--overwrite"), whole_folder(tmp_path / "out"):
        pass
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "out", True):
        raise KeyboardInterrupt
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["old"])
    with whole_folder(tmp_path / "out", True) as partial:
        (partial / "new").touch()
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["new"])


def test_two_cannot_make_one_folder(tmp_path):
    with (
        whole_folder(tmp_path / "out"),
        pytest.raises(FolderInUseError),
        whole_folder(tmp_path / "out"),
    ):
        pass


def test_a_file_is_replaced_and_nothing_is_left(tmp_path):
    for content in (b"one", b"two"):
        replace_file(tmp_path / "a", content)
        assert (tmp_path / "a").read_bytes() == content
    assert names(tmp_path) == ["a"]


class Killed(BaseException):
    """As SIGKILL: nobody catches it."""


@pytest.mark.parametrize("die_at", range(3))
def test_a_checkpoint_that_is_replaced_is_the_old_or_the_new_one(
    policy, model, metadata, tmp_path, monkeypatch, die_at
):
    policy.save(tmp_path)
    model.head.output.bias.data += 1.0
    new = FrozenPolicy(model, metadata | {"training": {"steps": 2}})
    writes: list[object] = []

    def replace(path, content):
        if len(writes) == die_at:
            raise Killed
        writes.append(path)
        replace_file(path, content)

    monkeypatch.setattr(contents, "replace_file", replace)
    with pytest.raises(Killed):
        new.save(tmp_path)
    loaded = FrozenPolicy.load(tmp_path)
    whole = {p.weights_hash: p.metadata["training"] for p in (policy, new)}
    assert whole[loaded.weights_hash] == loaded.metadata["training"]
    assert (loaded.weights_hash == new.weights_hash) == (die_at == 2)


def test_a_card_is_never_older_than_its_weights(tmp_path):
    save_checkpoint(tmp_path, "Mine", {"a": np.zeros(1)}, {})
    for name in ("README.md", "evaluation.json", "notes.txt"):
        (tmp_path / name).write_text("of the old ones")
    save_checkpoint(tmp_path, "Mine", {"a": np.zeros(1)}, {"more": 1})
    assert (tmp_path / "README.md").exists()  # the same weights
    save_checkpoint(tmp_path, "Mine", {"a": np.ones(1)}, {})
    assert names(tmp_path) == [
        "README.md.old",
        "evaluation.json.old",
        "notes.txt",
        "policy.json",
        "policy.safetensors",
    ]
    assert json.loads((tmp_path / "policy.json").read_text())["zprl_env_version"]


@pytest.mark.parametrize("out", [".", "..", "../here", "../../outside"])
def test_the_folder_that_one_is_in_is_not_replaced(out, tmp_path, monkeypatch):
    here = tmp_path / "outside" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    with (
        pytest.raises(OverwriteError, match=r"none that you are in\. Got: .*\. Try .*NEW\.$"),
        whole_folder(Path(out), overwrite=True),
    ):
        pass
    assert here.is_dir()
    with whole_folder(Path(out) / "NEW") as folder:
        (folder / "file").touch()
    assert [path.name for path in (Path(out) / "NEW").iterdir()] == ["file"]
