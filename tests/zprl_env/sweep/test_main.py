"""A sweep trains, stops, goes on and is drawn up, on real Ray Tune."""

from __future__ import annotations

import shlex
from dataclasses import replace

import gymnasium as gym
import pytest

pytest.importorskip("ray.tune")

from tests.helpers import point
from tests.helpers.ray_session import connected
from zprl_env import ZprlError
from zprl_env.cli import parse
from zprl_env.files import read_json
from zprl_env.sweep.__main__ import EXAMPLES, Sweep, sweep
from zprl_env.sweep.tuner import STATE
from zprl_env.tasks import TASKS
from zprl_env.training.config import load_config
from zprl_env.training.settings.recipe import recipe_for

pytestmark = pytest.mark.slow

TINY = (
    "--eval-episodes 3 --validation-episodes 4 --eval-every 60 --total-env-steps 120 "
    "--warmup-decisions 20 --hidden 8 8 --batch-size 4 --scale 0.5"
)


@pytest.fixture(scope="module", autouse=True)
def point_there():
    """The point task is in the table for these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "Point", point.POINT)
        patch.setitem(gym.registry, point.POINT.id, point.spec())
        yield


@pytest.fixture(scope="module")
def settings(point_policy, tmp_path_factory) -> Sweep:
    return Sweep(
        env="Point",
        vary=("learning-rate=1e-4..1e-2",),
        train=f"--policy {point_policy} {TINY}",
        trials=2,
        scheduler="none",
        out=tmp_path_factory.mktemp("sweep"),
        module="tests.helpers.point",
    )


def test_trials_keep_the_recipe_but_for_what_varies_and_are_ranked(settings):
    connected()
    out = sweep(settings)
    rows = read_json(out / "table.json")["rows"]
    assert [row["state"] for row in rows] == ["finished", "finished"]
    usual = recipe_for("sac", "default", "latent", "Point")
    for row in rows:
        low, high = row["validation"]["wilson_95"]
        assert 0 <= low <= row["validation"]["success_rate"] <= high <= 1
        assert row["validation"]["episodes"] == 4
        assert row["test"]["episodes"] == 3
        recipe = load_config(out / "trials" / row["run"]).recipe
        assert recipe.learning_rate == pytest.approx(row["varied"]["learning_rate"], rel=1e-5)
        assert recipe.layer_norm == usual.layer_norm
        assert recipe.updates_per_decision == usual.updates_per_decision
    assert len({row["varied"]["learning_rate"] for row in rows}) == 2
    # The same command goes on, with nothing left to do.
    before = {file: file.stat().st_mtime for file in (out / "trials").rglob("results.json")}
    with pytest.raises(ZprlError, match=r"must be your own.* Say --trust if you made it"):
        sweep(settings)
    sweep(replace(settings, trust=True))
    assert {f: f.stat().st_mtime for f in (out / "trials").rglob("results.json")} == before
    assert read_json(out / "table.json")["rows"] == rows


@pytest.mark.parametrize("words", [*EXAMPLES, '--train "--num-envs 2 --tau 1e-2" --trials 3'])
def test_flags_of_trainings_are_given_in_quotes(words):
    found = parse(Sweep, arguments=shlex.split(words.replace("--cores 2", "--cores 1")))
    assert (found.train != "") == ("--train" in words)
    with pytest.raises(ZprlError, match="has no --nonsense"):
        parse(Sweep, arguments=["--train", "--nonsense 3"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vary": ("learning-rate=1e-4..1e3", "gamma=0.9,2")}, "gamma must be above 0"),
        ({"seeds": (0, 1), "search": "optuna"}, "seeds must be one with --search optuna"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"ray_address": "lab"}, "must be auto or HOST:PORT"),
        ({"cores": 1e6}, "which this machine has"),
    ],
)
def test_what_no_trial_could_do_is_refused_at_once(wrong, message):
    with pytest.raises(ZprlError, match=message):
        Sweep(**{"env": "Point", **wrong})


def test_a_folder_with_pickles_and_nothing_else_is_refused_as_well(settings, tmp_path):
    state = tmp_path / STATE
    state.mkdir()
    (state / "tuner.pkl").write_bytes(b"somebody's")
    with pytest.raises(ZprlError, match="must be your own"):
        sweep(replace(settings, out=tmp_path))


def test_another_sweep_s_folder_is_refused(settings, tmp_path):
    from zprl_env.sweep.__main__ import _claim

    _claim(tmp_path, settings)
    _claim(tmp_path, settings)
    with pytest.raises(ZprlError, match="Got others for seeds in"):
        _claim(tmp_path, Sweep(**{**vars(settings), "seeds": (3,)}))
