"""A command says what it takes of demonstrations, what not, and what is strange in them."""

import json
from typing import Any

import h5py
import numpy as np

from policies.demonstrations import Demonstrations
from policies.demonstrations.loading import few, load_and_say, provenance
from policies.fit_bottleneck import Arguments as FitArguments
from policies.fit_bottleneck import run as run_fit
from policies.frozen import FrozenPolicy
from policies.pretrain import Arguments, run
from tests.helpers.demonstrations import env_args, write_robomimic

TINY: dict[str, Any] = {"steps": 2, "hidden_dim": 16, "feature_dim": 8, "encoder_hidden_dims": (8,)}


def odd_file(path):
    """Episodes with keys that are no vectors, one of them bad, and a gripper in {0, 1}."""
    write_robomimic(path, env_args())
    with h5py.File(path, "a") as opened:
        for name, episode in opened["data"].items():
            episode["actions"][:, 6] = [0, 0, 1, 1, 1]
            episode["obs/robot0_eef_quat"] = np.ones((5, 1, 4))
            episode["obs/pose"] = np.ones((5, 4, 4))
            if name == "demo_2":
                episode["actions"][0, 0] = np.nan
    return path


def test_all_is_said(tmp_path):
    said: list[str] = []
    file = odd_file(tmp_path / "d.hdf5")
    demonstrations = load_and_say(file, skip_bad=True, say=said.append)
    text = "\n".join(said)
    for part in (
        f"{file}: 3 episodes, 15 steps",
        "observation (17): robot0_eef_pos (3), robot0_eef_quat (4), object (10)",
        "action: 7 numbers",
        "pose (4 x 4 values; name it to take them in a row)",
        "agentview_image (an image, 8 x 8 x 3",
        "skipped 1 bad episode: demo_2 (actions must be finite",
        "warning: action 6 is 0 or 1, and Lift takes [-1, 1]",
    ):
        assert part in text
    assert provenance(demonstrations)["skipped_episodes"].keys() == {"demo_2"}
    brief: list[str] = []
    load_and_say(file, skip_bad=True, brief=True, say=brief.append)
    assert brief == said[3:]


def test_what_was_skipped_is_in_the_checkpoints_and_in_a_copy(tmp_path, capsys):
    file = odd_file(tmp_path / "d.hdf5")
    run(Arguments(demonstrations=(file,), out=tmp_path / "p", skip_bad=True, **TINY))
    assert "skipped 1 bad episode: demo_2" in capsys.readouterr().out
    paths = {"policy": tmp_path / "p", "demonstrations": file, "out": tmp_path / "q"}
    run_fit(FitArguments(**paths, steps=2, skip_bad=True))
    for folder in ("p", "q"):
        training = FrozenPolicy.load(tmp_path / folder).metadata["training"]
        assert list(training["skipped_episodes"]) == ["demo_2"]
    Demonstrations.load(file, skip_bad=True).save(tmp_path / "copy.hdf5")
    with h5py.File(tmp_path / "copy.hdf5") as copy:
        assert list(json.loads(copy["data"].attrs["skipped"])) == ["demo_2"]


def test_the_order_of_the_observation_is_in_the_checkpoint(tmp_path):
    file, keys = odd_file(tmp_path / "d.hdf5"), ("object", "robot0_eef_pos")
    arguments = Arguments(
        demonstrations=(file,), out=tmp_path / "p", observation_keys=keys, skip_bad=True, **TINY
    )
    run(arguments)
    assert tuple(FrozenPolicy.load(tmp_path / "p").metadata["observation_keys"]) == keys


def test_long_lists_are_cut():
    assert few("abcdefg") == "a, b, c, d, e and 2 more"
