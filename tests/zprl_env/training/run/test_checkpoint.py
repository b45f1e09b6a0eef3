"""A run that is saved and read back goes on as if nothing had happened."""

from __future__ import annotations

import json
import resource
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.callbacks import CallbackList

from tests.helpers.damage import damage
from tests.helpers.point import PointEnv
from tests.helpers.small_model import assert_same_tensors, make_small_model
from zprl_env.files import RunFolderError
from zprl_env.training.agents.divergence import DivergedError
from zprl_env.training.agents.weights import save_weights
from zprl_env.training.learning import learn
from zprl_env.training.run import checkpoint as checkpoint_module
from zprl_env.training.run.checkpoint import (
    find_checkpoint,
    load_checkpoint,
    resume,
    save_checkpoint,
)
from zprl_env.training.run.history import History
from zprl_env.training.run.interruption import Interruption
from zprl_env.training.watch.callbacks import CheckpointCallback, ProgressCallback

EXACT: tuple[str, ...] = ("sac", "td3", "tqc", "crossq", "ppo", "trpo")
STEPS, WARMUP = 120, 8


def env() -> gym.Env:
    return gym.wrappers.TimeLimit(PointEnv(), 9)


def go_on(model, folder: Path, history: History, generators=None, say=print) -> None:
    """Learn for ``STEPS`` environment steps, with a checkpoint after every 25."""
    envs = model.get_env()
    callbacks = [
        ProgressCallback(history, STEPS, show=False),
        CheckpointCallback(
            history,
            25,
            lambda: save_checkpoint(folder, model, history, envs.place),
            Interruption(print),
            say,
        ),
    ]
    learn(model, WARMUP, STEPS, history, CallbackList(callbacks), generators)


def resumed(folder: Path, algo: str = "sac", say=print, **settings):
    """A fresh model that goes on from the newest checkpoint."""
    model, _ = make_small_model(env(), algo, seed=0, **settings)
    checkpoint = find_checkpoint(folder, say)
    assert checkpoint is not None
    load_checkpoint(checkpoint, folder, model, model.get_env())
    return model, checkpoint


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run to its end: its folder, its model and its history."""
    folder = tmp_path_factory.mktemp("run")
    model, _ = make_small_model(env())
    history = History()
    go_on(model, folder, history)
    return folder, model, history


@pytest.fixture
def folder(run, tmp_path) -> Path:
    """A copy of its folder."""
    for source in run[0].glob("checkpoints/*/*"):
        copy = tmp_path / source.relative_to(run[0])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    return tmp_path


@pytest.mark.parametrize("algo", EXACT)
def test_what_goes_on_is_what_was_never_interrupted(algo, tmp_path):
    settings: dict[str, Any] = {"action_noise": 0.1} if algo == "td3" else {}
    model, _ = make_small_model(env(), algo, **settings)
    history = History()
    go_on(model, tmp_path, history)
    other, checkpoint = resumed(tmp_path, algo, **settings)
    assert 50 < checkpoint.history.env_steps < STEPS
    np.random.seed(9)  # noqa: NPY002 - whatever was drawn in between
    go_on(other, tmp_path, checkpoint.history, checkpoint.generators)
    assert_same_tensors(other, model)
    mine, theirs = checkpoint.history.to_dict(), history.to_dict()
    assert mine | {"seconds": 0} == theirs | {"seconds": 0}


def test_it_goes_on_in_the_middle_of_the_warm_up(run, tmp_path):
    model, _ = make_small_model(env())
    history = History()
    envs = model.get_env()
    save = lambda: save_checkpoint(tmp_path, model, history, envs.place)  # noqa: E731
    watch = CheckpointCallback(history, 6, save, Interruption(print), print)
    both = CallbackList([ProgressCallback(history, 9, show=False), watch])
    learn(model, WARMUP, 9, history, both)
    assert 0 < history.decisions < WARMUP
    other, checkpoint = resumed(tmp_path)
    go_on(other, tmp_path, checkpoint.history, checkpoint.generators)
    assert_same_tensors(other, run[1])


def test_the_newest_and_one_to_fall_back_to_are_kept(folder):
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert len(names) == 2
    assert 75 <= int(names[0]) < 100 <= int(names[1])


@pytest.mark.parametrize("how", ["missing", "truncated", "empty", "foreign", "overwritten"])
@pytest.mark.parametrize("name", ["model.zip", "replay.safetensors", "state.json", "manifest.json"])
def test_a_damaged_one_is_named_and_the_one_before_is_taken(how, name, folder, run):
    before, newest = sorted((folder / "checkpoints").iterdir())
    damage(newest / name, how)
    said: list[str] = []
    other, checkpoint = resumed(folder, say=said.append)
    assert checkpoint.folder == before
    (line,) = said
    assert line.startswith(f"The checkpoint {newest} is damaged and left out: ")
    go_on(other, folder, checkpoint.history, checkpoint.generators)
    assert_same_tensors(other, run[1])


def rewrite(checkpoint: Path, name: str, change) -> None:
    """Change a JSON file of a checkpoint, whose manifest then agrees with it."""
    content = json.loads((checkpoint / name).read_text())
    (checkpoint / name).write_text(json.dumps(change(content)))
    if name != "manifest.json":
        manifest = json.loads((checkpoint / "manifest.json").read_text())
        manifest["sha256"][name] = sha256((checkpoint / name).read_bytes()).hexdigest()
        (checkpoint / "manifest.json").write_text(json.dumps(manifest))


WRONG: dict[tuple[str, str | None], list[Any]] = {
    ("manifest.json", "sha256"): [[], {}, 3, "all", {"model.zip": 1}],
    ("manifest.json", "versions"): [[], 3, None],
    ("manifest.json", None): ["manifest", []],
    ("state.json", "place"): [3, [], ["one", [], []], [0, [["a"]], []], [0, [[1.0]], [2.0]]],
    ("state.json", "history"): [3, {}, {"env_steps": "60"}],
    ("state.json", "generators"): [3, {}, {"python": [1]}],
    ("state.json", "updates"): [[], None, "many"],
    ("state.json", None): [[]],
}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [(*place, value) for place, values in WRONG.items() for value in values],
)
def test_whatever_is_wrong_in_one_the_one_before_it_is_taken(name, key, value, folder, run):
    before, newest = sorted((folder / "checkpoints").iterdir())
    rewrite(newest, name, lambda content: value if key is None else content | {key: value})
    said: list[str] = []
    model, _ = make_small_model(env(), "sac", seed=0)
    found = resume(folder, model, model.get_env(), said.append)
    assert found is not None
    if found.folder == newest:  # the agent is whole: its episode under way is given up
        assert key == "place"
        return
    assert found.folder == before
    assert said[0].startswith(f"The checkpoint {newest} is damaged and left out: ")


def test_a_checkpoint_that_agrees_with_its_manifest_but_does_not_load_is_left_out(folder, run):
    before, newest = sorted((folder / "checkpoints").iterdir())
    for name in ("model.zip", "replay.safetensors"):
        (newest / name).write_bytes(b"nonsense")
        rewrite(newest, "manifest.json", lambda m, n=name: {
            **m, "sha256": {**m["sha256"], n: sha256(b"nonsense").hexdigest()}
        })  # fmt: skip
    model, _ = make_small_model(env(), "sac", seed=0)
    said: list[str] = []
    found = resume(folder, model, model.get_env(), said.append)
    assert found is not None
    assert found.folder == before
    go_on(model, folder, found.history, found.generators)
    assert_same_tensors(model, run[1])


def test_one_that_replaces_another_of_the_same_step_never_leaves_neither(folder, run, monkeypatch):
    _, model, history = run
    before = sorted((folder / "checkpoints").iterdir())
    history.env_steps, steps = int(before[-1].name), history.env_steps
    replaced = checkpoint_module.os.replace

    def killed(source, target):
        replaced(source, target)
        if str(target).endswith("~"):
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint_module.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(folder, model, history, model.get_env().place)
    monkeypatch.undo()
    found = find_checkpoint(folder, pytest.fail)
    assert found is not None
    assert found.folder.name == f"{before[-1].name}~"
    save_checkpoint(folder, model, history, model.get_env().place)
    history.env_steps = steps
    assert sorted((folder / "checkpoints").iterdir()) == before


def test_one_that_was_being_written_is_not_seen(folder):
    newest = max((folder / "checkpoints").iterdir())
    newest.rename(newest.with_name("partial"))
    found = find_checkpoint(folder, print)
    assert found is not None
    assert found.folder < newest


def test_nothing_is_found_where_nothing_was_written(tmp_path):
    assert find_checkpoint(tmp_path, print) is None


def test_if_all_are_damaged_it_says_so(folder):
    for checkpoint in (folder / "checkpoints").iterdir():
        damage(checkpoint / "state.json", "empty")
    with pytest.raises(RunFolderError, match=r"a whole checkpoint in .* Got: 2, all of them dam"):
        find_checkpoint(folder, lambda text: None)


def test_another_version_of_a_library_is_named(folder):
    manifest = max((folder / "checkpoints").iterdir()) / "manifest.json"
    content = json.loads(manifest.read_text())
    installed = content["versions"]["stable-baselines3"]
    content["versions"]["stable-baselines3"] = "2.0.0"
    manifest.write_text(json.dumps(content))
    said: list[str] = []
    assert find_checkpoint(folder, said.append) is not None
    (line,) = said
    assert line.startswith("The run goes on, but not to the bit: it was saved with ")
    assert line.endswith(f" stable-baselines3 2.0.0, now {installed}.")


def test_a_full_disk_ends_nothing_and_spoils_nothing(folder):
    model, checkpoint = resumed(folder)
    before = {path: path.read_bytes() for path in folder.glob("checkpoints/*/*")}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    said: list[str] = []
    history = checkpoint.history
    history.env_steps = 60  # so that two more are due
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))  # no file may be larger
        go_on(model, folder, history, checkpoint.generators, said.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(said) == 2
    assert said[0].startswith("Not saved; the next try is at 100 env steps. Expected to write a ch")
    assert {path: path.read_bytes() for path in folder.glob("checkpoints/*/*")} == before
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoints"]


def test_a_folder_that_cannot_be_written_is_named(run, tmp_path):
    (tmp_path / "checkpoints").touch()
    _, model, history = run
    with pytest.raises(RunFolderError, match=r"Expected to write a checkpoint to .*Make room or"):
        save_checkpoint(tmp_path, model, history, model.get_env().place)


def test_what_comes_after_an_episode_that_was_given_up_is_another_trajectory(run, tmp_path):
    _, model, history = run
    save_checkpoint(tmp_path, model, history, model.get_env().place.left())
    other, _ = resumed(tmp_path)
    before, after = model.replay_buffer, other.replay_buffer
    last = after.pos - 1
    assert after.pos == before.pos
    np.testing.assert_array_equal(after.dones[:last], before.dones[:last])
    assert (after.dones[last, 0], after.timeouts[last, 0]) == (1, 1)


@pytest.mark.parametrize("where", ["actor", "optimiser", "replay"])
def test_no_checkpoint_is_written_of_what_is_not_finite(where, folder):
    model, checkpoint = resumed(folder)
    before = {path: path.read_bytes() for path in folder.glob("checkpoints/*/*")}
    spoil(model, where)
    with pytest.raises(DivergedError, match=r"Got: NaN or infinity in (policy|actor|rewards)"):
        save_checkpoint(folder, model, checkpoint.history, model.get_env().place)
    with pytest.raises(DivergedError) if where != "replay" else nullcontext():
        save_weights(folder, model, "best")
    assert {path: path.read_bytes() for path in folder.glob("checkpoints/*/*")} == before
    assert not [*folder.glob("*partial*"), *folder.glob("checkpoints/partial")]


def spoil(model, where: str) -> None:
    """Put a NaN where divergence, or an environment, puts it."""
    if where == "replay":
        model.replay_buffer.rewards[3] = np.nan
        return
    weight = next(model.actor.parameters())
    spoiled = weight if where == "actor" else model.actor.optimizer.state[weight]["exp_avg"]
    spoiled.data[0] = float("nan")


def test_one_of_a_version_that_did_not_look_is_named(folder, monkeypatch):
    model, checkpoint = resumed(folder)
    spoil(model, "replay")
    with monkeypatch.context() as patch:
        patch.setattr("zprl_env.training.run.checkpoint.check_replay", lambda buffer: None)
        checkpoint.history.env_steps += 1
        newest = save_checkpoint(folder, model, checkpoint.history, model.get_env().place)
    with pytest.raises(RunFolderError, match=f"in rewards.3. of .* Delete {newest} to go on"):
        resumed(folder)
