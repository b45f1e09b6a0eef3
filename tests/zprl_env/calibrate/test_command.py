"""Calibrating by command."""

from __future__ import annotations

import json

import imageio.v3 as iio
import pytest
import tyro

from policies.checkpoints.output import OverwriteError
from tests.helpers.point import save_policy
from zprl_env import cli
from zprl_env.calibrate.__main__ import Calibration, calibrate
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED


@pytest.fixture
def run(point_task, point_policy, tmp_path):
    """Calibrate on the point task as the command line does."""

    def run(*flags):
        usual = ["--env", point_task, "--policy", point_policy, "--episodes", "3"]
        usual += ["--out", tmp_path / "out"]
        return calibrate(tyro.cli(Calibration, args=[str(flag) for flag in [*usual, *flags]]))

    return run


def test_it_leaves_a_table_a_picture_and_every_episode(run, tmp_path, capsys):
    recommendation = run("--scales", "4", "0.5", "0.5").scale.recommendation
    out, err = capsys.readouterr()
    assert "distance" in out
    assert recommendation.reason in out.replace("\n", " ")
    assert "episode" in err  # the progress bar

    content = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert [trial["scale"] for trial in content["trials"]] == [0.0, 0.5, 4.0]
    for trial in content["trials"]:
        assert trial["outcome"]["seeds"] == [VALIDATION_SEED + i for i in range(3)]
        assert len(trial["outcome"]["successes"]) == 3
    base, small, large = content["trials"]
    assert base["change"] == 0.0 < small["change"] < large["change"]
    assert large["ratio"] == pytest.approx(8 * small["ratio"], rel=0.5)
    assert content["recommendation"]["scale"] == recommendation.scale
    assert len(content["policy_sha256"]) == 64

    picture = iio.imread(tmp_path / "out" / "calibration.png")
    assert picture.shape[:2] == (930, 1350)
    assert picture.std() > 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "calibration.json",
        "calibration.png",
    ]


def test_the_same_arguments_play_the_same(run, tmp_path):
    contents = []
    for _ in range(2):
        run("--scales", "1", "--hold", "episode", "--noise", "fresh", "--overwrite")
        contents.append((tmp_path / "out" / "calibration.json").read_text())
    assert contents[0] == contents[1]


def test_a_calibration_is_replaced_when_that_is_asked_for_alone(run, tmp_path):
    run("--scales", "1")
    with pytest.raises(OverwriteError, match=r"calibration\.json\. Choose another with --out, or"):
        run("--scales", "1")


def test_the_noise_is_what_training_takes_for_the_task(run, tmp_path):
    run("--scales", "1")
    assert json.loads((tmp_path / "out" / "calibration.json").read_text())["noise"] == "fresh"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--env", "Lfit"], "unknown environment 'Lfit'"),
        (["--scales", "1", "-2"], "scales must be numbers above 0. Got: (1.0, -2.0)."),
        (["--scales", "nan"], "scales must be numbers above 0. Got: (nan,)."),
        (["--episodes", "0"], "episodes must be at least 1"),
        (["--episodes", str(TEST_SEED)], "episodes must be at least 1 and at most 800000"),
        (["--noise", "wild"], "noise must be 'fresh'"),
        (["--n-action-steps", "5"], "at most the policy's horizon 4. Got: 5"),
        (["--policy", "nowhere"], "a checkpoint folder or a shipped policy"),
    ],
)
def test_what_cannot_be_is_refused(flags, message, run, capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: run(*flags))
    assert exit_info.value.code == 2
    text = capsys.readouterr().err.rpartition("\r")[2]
    assert text.startswith("error: ")
    assert message in text


def test_results_that_cannot_be_written_are_refused_before_anything_is_played(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match="an output folder that can be written"):
        run("--out", tmp_path / "file")


def test_a_policy_of_another_environment_is_refused(run, tmp_path):
    other = save_policy(tmp_path / "other", observation_dim=5)
    with pytest.raises(Exception, match="observations of size 5"):
        run("--policy", other)
    assert not list((tmp_path / "out").iterdir())
