"""Runs from pixels, from their flags to what they leave: resumed, evaluated, exported."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import train_sb3
from policies.demonstrations import Demonstrations, Trajectory
from tests.helpers import seen
from zprl_env import SteeredPolicy, cli
from zprl_env.calibrate.__main__ import Calibration, calibrate
from zprl_env.check.__main__ import Check, check
from zprl_env.deploy.export import Export, export
from zprl_env.errors import PolicyMismatchError, ZprlError
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.training.command_line import parse
from zprl_env.training.settings.recipe import recipe_for

pytestmark = pytest.mark.slow

TINY = [
    *("--eval-episodes", "1", "--validation-episodes", "1", "--eval-every", "60"),
    *("--total-env-steps", "120", "--warmup-decisions", "20", "--hidden", "8", "8"),
    *("--batch-size", "4", "--updates-per-decision", "1", "--no-video", "--algo", "sac"),
    *("--noise", "zero"),
]


def finetune(*flags):
    return train_sb3.finetune(parse([str(flag) for flag in flags]))


@pytest.fixture
def flags(seen_task, seen_folder):
    return ["--env", seen_task, "--policy", seen_folder, *TINY]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the one run is that several tests look at."""
    return tmp_path_factory.mktemp("kept") / "run"


@pytest.fixture
def run_folder(kept, flags):
    """A finished run that crops at random, of 120 environment steps."""
    if not kept.exists():
        more = ["--checkpoint-every", "50", "--random-crop", "--keep", "last"]
        finetune(*flags, *more, "--out", kept)
    return kept


def weights(checkpoint: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(checkpoint / "model.zip") as model:
        return {name: model.read(name) for name in model.namelist() if name.endswith(".pth")}


def test_a_run_that_was_killed_goes_on_to_the_same_bits(run_folder, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    *_, before, last = sorted((folder / "checkpoints").iterdir())
    whole = load_file(last / "replay.safetensors")
    agent = weights(last)
    shutil.rmtree(last)  # as if the process had died after the one before
    for name in ("results.json", "model.zip"):
        (folder / name).unlink()
    finetune("--resume-from", folder)
    again = load_file(folder / "checkpoints" / last.name / "replay.safetensors")
    assert int(before.name) < int(last.name)
    assert {name: part.tolist() for name, part in whole.items()} == {
        name: part.tolist() for name, part in again.items()
    }
    assert weights(folder / "checkpoints" / last.name) == agent


def test_random_crops_are_what_the_agent_collects_and_not_what_it_is_judged_by(
    run_folder, flags, tmp_path
):
    plain = finetune(*flags, "--checkpoint-every", "50", "--out", tmp_path / "plain")
    test = [json.loads((run / "results.json").read_text())["test"] for run in (run_folder, plain)]
    assert test[0]["base policy"] == test[1]["base policy"]
    first, second = [
        load_file(max((run / "checkpoints").iterdir()) / "replay.safetensors")["observations"][:5]
        for run in (run_folder, plain)
    ]
    assert not np.allclose(first, second)


def test_it_is_evaluated_as_it_was(run_folder, seen_task):
    comparison = evaluate_policy(Evaluation(run=run_folder, episodes=1))
    stored = json.loads((run_folder / "results.json").read_text())["test"]
    assert comparison.to_dict()["test"] == stored


def test_an_export_takes_frames_and_decides_as_its_graph_does(run_folder, seen_task, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    folder = export(Export(run_folder, tmp_path / "out", onnx=True))
    steered = SteeredPolicy.load(folder)
    env = seen.SeenEnv()
    shown, _ = env.reset(seed=0)
    chunk = steered.predict(shown)
    assert chunk.shape == (2, 2)
    batch = {name: np.stack([part] * 3) for name, part in shown.items()}
    assert np.allclose(steered.predict(batch), chunk, atol=1e-5)
    session = runtime.InferenceSession(folder / "steered.onnx")
    assert [i.name for i in session.get_inputs()] == ["state", "front", "wrist"]
    (actions,) = session.run(None, batch)
    assert np.allclose(actions[0], chunk, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: np.zeros(3, np.float32), "this policy sees: an observation must be a mapping"),
        (lambda o: {**o, "front": o["front"][:30]}, r"front must have the shape \(N, 40, 44, 3\)"),
        (lambda o: {**o, "front": np.moveaxis(o["front"], -1, 0)}, "channels first"),
        (lambda o: {**o, "wrist": o["wrist"] / 255.0}, "must be uint8, 0 to 255"),
        (lambda o: {k: v for k, v in o.items() if k != "wrist"}, "must have .*'wrist'"),
        (lambda o: {k: v for k, v in o.items() if k != "state"}, "must have .*'state'"),
    ],
)
def test_an_exported_policy_names_what_it_cannot_see(
    change, message, run_folder, seen_task, tmp_path
):
    steered = SteeredPolicy.load(export(Export(run_folder, tmp_path / "out")))
    shown, _ = seen.SeenEnv().reset(seed=0)
    with pytest.raises(PolicyMismatchError, match=message):
        steered.predict(change(shown))


def test_a_policy_without_proprioception_goes_all_the_way(seen_task, tmp_path, monkeypatch):
    policy = seen.save_policy(tmp_path / "blind", observation_dim=0)
    run = finetune(
        "--env", seen_task, "--policy", policy, *TINY, "--out", tmp_path / "run",
        "--env-kwargs", "observation=none", "--observation", "both",
    )  # fmt: skip
    steered = SteeredPolicy.load(export(Export(run, tmp_path / "out")))
    shown, _ = seen.SeenEnv(observation="none").reset(seed=0)
    assert steered.predict(shown).shape == (2, 2)


@pytest.mark.parametrize("more", [["--steer", "noise"], ["--steer", "action", "--scale", "0.1"]])
def test_the_rivals_learn_from_pixels_too(more, flags, tmp_path):
    run = finetune(*flags, *more, "--time-left", "--out", tmp_path / "run")
    assert f"steered ({more[1]}, sac)" in json.loads((run / "results.json").read_text())["test"]


def test_the_best_fixed_noise_is_found_from_pixels(flags, tmp_path, monkeypatch):
    monkeypatch.setattr("zprl_env.training.found.QUICK_EPISODES", 2)
    monkeypatch.setattr("zprl_env.calibrate.noise_search.EPISODES", 2)
    run = finetune(*flags, "--noise", "best:2", "--out", tmp_path / "run")
    assert json.loads((run / "config.json").read_text())["recipe"]["noise"].startswith("fixed:")


def test_demonstrations_with_frames_are_put_into_the_replay(flags, tmp_path):
    rng = np.random.default_rng(0)
    episode = Trajectory(
        {"height": np.zeros((9, 1), np.float32), "speed": np.ones((9, 2), np.float32)},
        rng.uniform(-1, 1, (9, 2)).astype(np.float32),
        np.eye(9)[8],
        np.arange(9) == 8,
        True,
        {name: rng.integers(0, 256, (9, 40, 44, 3), np.uint8) for name in ("front", "wrist")},
    )
    Demonstrations((episode,), {"env_name": "Seen"}, ("height", "speed")).save(tmp_path / "d.hdf5")
    run = finetune(*flags, "--demonstrations", tmp_path / "d.hdf5", "--out", tmp_path / "run")
    replay = load_file(max((run / "checkpoints").iterdir()) / "replay.safetensors")
    assert replay["rewards"].ravel()[:5].round(2).tolist() == [0, 0, 0, 0, 1]


def test_calibrate_and_check_know_pictures(seen_task, seen_folder, tmp_path, capsys):
    found = calibrate(
        Calibration(
            env=seen_task, policy=str(seen_folder), scales=(1.0,), episodes=2, out=tmp_path / "c"
        )
    )
    assert found.scale is not None
    check(Check(env=seen_task, policy=str(seen_folder)))
    assert "policy" in capsys.readouterr().out


def test_the_flag_that_asks_for_pixels_names_the_task_that_is_seen():
    asked = parse(["--env", "Lift", "--observation", "pixels", "--policy", "nowhere"])
    named = parse(["--env", "Lift-Pixels", "--policy", "nowhere"])
    by_id = parse(["--env", "ZPRL-Lift-Pixels-v0", "--policy", "nowhere"])
    assert asked == named
    assert (asked.env, asked.recipe.observation) == ("Lift-Pixels", "features")
    assert by_id.recipe == named.recipe


def test_a_task_that_is_seen_keeps_its_recipe():
    for name in ("Lift", "Real", "box-close"):
        assert recipe_for("sac", "default", "latent", f"{name}-Pixels") == recipe_for(
            "sac", "default", "latent", name
        )


def test_an_environment_of_one_s_own_is_not_asked_for_pixels():
    with pytest.raises(ZprlError, match="observation pixels must come with a task of robosuite"):
        parse(["--env", "Pendulum-v1", "--observation", "pixels", "--policy", "nowhere"])


@pytest.mark.parametrize(
    ("env_kwargs", "message"),
    [
        ('cameras=["front"]', "without wrist"),
        ("size=[44,44]", "must have the shape"),
        ("quality=full", "render quality"),
    ],
)
def test_a_run_that_does_not_fit_leaves_nothing(env_kwargs, message, flags, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: finetune(*flags, "--env-kwargs", env_kwargs, "--out", tmp_path / "run"))
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_random_crops_of_states_are_refused_before_anything_is_played(
    point_task, point_policy, tmp_path, capsys
):
    words = ["--env", point_task, "--policy", point_policy, *TINY, "--random-crop"]
    with pytest.raises(SystemExit):
        cli.run(lambda: finetune(*words, "--out", tmp_path / "run"))
    assert "random_crop must come with a policy that crops pictures" in capsys.readouterr().err
