"""Finished runs are read wherever they lie; the others are named and left out."""

from __future__ import annotations

import json

import pytest

from tests.helpers.finished_runs import write_run
from zprl_env.compare.finished import find_finished, load_finished


def test_a_run_is_what_its_files_say(tmp_path):
    run = load_finished(write_run(tmp_path / "run", seed=3, scale=0.5))
    assert (run.env, run.algo, run.steer, run.seed, run.env_steps) == (
        "Lift",
        "sac",
        "latent",
        3,
        50,
    )
    assert run.base.success_rate == 0.25
    assert run.steered.success_rate == 1.0
    assert run.settings["scale"] == "0.5"
    assert [at for at, _ in run.evaluations] == [0, 50]


def test_runs_are_found_below_a_folder_and_each_is_counted_once(tmp_path):
    one = write_run(tmp_path / "a" / "one")
    write_run(tmp_path / "b" / "two")
    runs, left_out = find_finished([one, tmp_path, one])
    assert [run.folder.name for run in runs] == ["one", "two"]
    assert not left_out


RUN = {"env": "Lift", "algo": "sac", "steer": "latent", "seed": 0, "recipe": {"scale": 2.0}}


def damage(folder, file, content):
    path = folder / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("results.json", None, "it has not finished"),
        ("results.json", "{", "readable results.json"),
        ("results.json", {}, "a file of it is damaged"),
        ("results.json", {"test": {}}, "a file of it is damaged"),
        ("results.json", {"test": {"base policy": {"seeds": 1}}}, "a file of it is damaged"),
        ("results.json", [], "a file of it is damaged"),
        ("history.json", None, "readable history.json"),
        ("history.json", {"evaluations": [[0]]}, "a file of it is damaged"),
        ("config.json", "", "readable config.json"),
        ("config.json", {"env": "Lift"}, "a file of it is damaged"),
        ("config.json", RUN | {"env": 3}, "env: 3 in place of str"),
        ("config.json", RUN | {"seed": "0"}, "seed: '0' in place of int"),
        ("config.json", RUN | {"seed": True}, "seed: True in place of int"),
        ("config.json", RUN | {"recipe": ["scale"]}, "recipe: ['scale'] in place of dict"),
        ("config.json", RUN | {"recipe": {"scale": {"a": 1}}}, "a setting of {'a': 1}"),
        ("history.json", {"evaluations": [["0", {}]]}, "a file of it is damaged"),
        ("config.json", [], "a file of it is damaged"),
    ],
)
def test_what_is_unfinished_or_damaged_is_named_and_left_out(file, content, reason, tmp_path):
    write_run(tmp_path / "good")
    damage(write_run(tmp_path / "bad"), file, content)
    runs, left_out = find_finished([tmp_path])
    assert [run.folder.name for run in runs] == ["good"]
    ((folder, said),) = left_out
    assert folder == tmp_path / "bad"
    assert reason in said


def test_a_folder_without_a_run_is_named(tmp_path):
    runs, ((folder, reason),) = find_finished([tmp_path])
    assert not runs
    assert (folder, reason) == (tmp_path, "there is no run in it (no config.json)")
