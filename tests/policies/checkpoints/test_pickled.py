"""Pickled files are told apart by what they name; none is loaded, and plain tensors are read."""

from __future__ import annotations

import collections
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from policies.checkpoints.contents import read_contents
from policies.checkpoints.pickled import read_torch_file, recognise, refuse_pickled
from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations
from policies.errors import CheckpointError, DemonstrationError, ZprlError
from policies.foreign.lerobot.files import find_folder
from policies.serve.__main__ import load
from zprl_env import SteeredPolicy
from zprl_env.files import RunFolderError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.run.find import find_run

WEIGHTS = collections.OrderedDict(weight=torch.ones(2, 3), bias=torch.zeros(2))


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def robomimic(bomb: Any) -> dict[str, Any]:
    meta = {"env_metadata": {}, "shape_metadata": {"ac_dim": 7}}
    return {"model": WEIGHTS, "config": "{}", "algo_name": "bc", **meta, "bomb": bomb}


def diffusion_policy(bomb: Any) -> dict[str, Any]:
    return {"cfg": bomb, "state_dicts": {"model": WEIGHTS}, "pickles": {"epoch": b"1"}}


FILES = {
    "model_epoch_600.pth": (robomimic, "a policy of robomimic"),
    "latest.ckpt": (diffusion_policy, "a checkpoint of Diffusion Policy"),
    "state_3000.pt": (lambda bomb: {"epoch": 1, "model": bomb, "ema": {}}, "DICE-RL's kind"),
    "lightning.ckpt": (
        lambda bomb: {"pytorch-lightning_version": "2", "state_dict": {}, "hyper": bomb},
        "PyTorch Lightning",
    ),
    "module.pth": (lambda bomb: bomb, "a file of torch"),
}


def saved(folder: Path, name: str, content: Any, **how: Any) -> Path:
    torch.save(content, folder / name, **how)
    return folder / name


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_project_is_named_and_not_run(name, legacy, tmp_path):
    make, kind = FILES[name]
    trace = tmp_path / "trace"
    path = saved(tmp_path, name, make(Bomb(trace)), _use_new_zipfile_serialization=not legacy)
    found = recognise(path)
    assert found is not None
    assert kind in found.format
    assert not found.plain
    assert "pathlib.Path" in " ".join(found.names)
    with pytest.raises(CheckpointError, match=r"must hold tensors and nothing else\. Got: "):
        read_torch_file(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)  # it would have
    assert trace.exists()


ENTRIES = {
    "--policy": (resolve_policy, CheckpointError),
    "--policy of a folder": (lambda path: resolve_policy(path.parent), CheckpointError),
    "lerobot:": (lambda path: find_folder(str(path)), CheckpointError),
    "lerobot: of a folder": (lambda path: find_folder(str(path.parent)), CheckpointError),
    "served": (lambda path: load(str(path)), CheckpointError),
    "a checkpoint": (read_contents, CheckpointError),
    "--agent": (SteeredPolicy.load, CheckpointError),
    "--run": (lambda path: find_run(path, print), RunFolderError),
    "--demonstrations": (Demonstrations.load, DemonstrationError),
    "a folder of demonstrations": (lambda path: Demonstrations.load(path.parent), ZprlError),
    "convert": (
        lambda path: convert(Conversion(str(path), str(path.with_suffix(".hdf5")))),
        DemonstrationError,
    ),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_wherever_a_path_is_given_it_is_refused_and_not_run(entry, tmp_path):
    read, error = ENTRIES[entry]
    trace = tmp_path / "trace"
    (tmp_path / "given").mkdir()
    path = saved(tmp_path / "given", "model.pth", robomimic(Bomb(trace)))
    with pytest.raises(error, match=r"robomimic.* never loaded here"):
        read(path)
    assert not trace.exists()
    assert [*path.parent.iterdir()] == [path]


def test_what_to_do_with_a_policy_and_with_episodes_is_told(tmp_path):
    path = tmp_path / "episodes.pkl"
    path.write_bytes(pickle.dumps([{"obs": [1.0], "action": [0.5]}]))
    with pytest.raises(CheckpointError, match=r"python -m policies\.serve --policy my_lab:make"):
        read_contents(path)
    with pytest.raises(DemonstrationError, match=r"an object of Python's.*DemonstrationWriter"):
        Demonstrations.load(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_plain_tensors_are_read_by_their_names(legacy, tmp_path):
    nested = {"epoch": 3, "model": WEIGHTS, "ema": {"weight": torch.ones(1, dtype=torch.bfloat16)}}
    path = saved(tmp_path, "a.pt", nested, _use_new_zipfile_serialization=not legacy)
    read = read_torch_file(path)
    assert {*read} == {"model.weight", "model.bias", "ema.weight"}
    assert torch.equal(read["model.weight"], WEIGHTS["weight"])
    found = recognise(path)
    assert found is not None
    with pytest.raises(CheckpointError, match=r"read by policies\.checkpoints\.pickled\.read_t"):
        refuse_pickled(path, "it must be a folder.")


@pytest.mark.parametrize(
    ("content", "message"), [({"epoch": 3}, "hold tensors by name. Got: dict"), ([1], "Got: list")]
)
def test_a_file_without_tensors_is_refused(content, message, tmp_path):
    with pytest.raises(CheckpointError, match=message):
        read_torch_file(saved(tmp_path, "a.pt", content))


def test_half_a_file_is_refused(tmp_path):
    path = saved(tmp_path, "a.pt", WEIGHTS)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "b.pt", "w") as half:
        for name in whole.namelist():
            if not name.endswith("/data/0"):
                half.writestr(name, whole.read(name))
    with pytest.raises(CheckpointError, match="must be a complete torch file"):
        read_torch_file(tmp_path / "b.pt")
    with pytest.raises(CheckpointError, match=r"must be a file that torch\.save wrote"):
        read_torch_file(tmp_path / "none.pt")


HIDDEN = {
    "texts that are thrown away": b"\x80\x04\x8c\x02os\x8c\x06system\x8c\x0bcollections0\x93.",
    "a name of the stack's": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
    "a name by its memory": b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93.",
    "cut off": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n",
    "an extension's code": b"\x80\x02\x82\x01.",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_names_that_hide_are_never_plain(how, tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", HIDDEN[how])
    found = recognise(path)
    assert found is not None
    assert not found.plain
    if "name" in how:
        assert found.names == ("os.system",)


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["data", "policy.pth", "pytorch_variables.pth"], "a model of Stable-Baselines3"),
        (["m/data.pkl", "m/code/__torch__.py"], "a program of TorchScript"),
        (["data/.zgroup", "meta/.zgroup"], None),
    ],
)
def test_other_archives_are_told_apart(members, kind, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in members:
            archive.writestr(name, b"")
    found = recognise(tmp_path / "a.zip")
    assert (found and found.format) == kind


def test_files_of_other_content_are_none(tmp_path):
    for content in (b"", b"\x89HDF\r\n", b"\x80\x04nonsense", b"PK\x03\x04"):
        (tmp_path / "a.pt").write_bytes(content)
        assert recognise(tmp_path / "a.pt") is None
    assert recognise(tmp_path) is None
    stream = io.BytesIO()
    torch.save(WEIGHTS, stream)
    (tmp_path / "no_ending").write_bytes(stream.getvalue())
    assert recognise(tmp_path / "no_ending") is not None
