"""The training script, from its flags to the files it leaves."""

from __future__ import annotations

import json
import os
import pkgutil
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import train_sb3
from policies.demonstrations import Demonstrations
from tests.helpers import point
from tests.helpers.holding import holding
from tests.helpers.warm import run_warm
from zprl_env import cli
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.training.command_line import parse
from zprl_env.training.finetuning import Finetuning
from zprl_env.training.run.checkpoint import find_checkpoint
from zprl_env.training.run.history import History, load_history

ROOT = Path(__file__).parents[1]
TINY = [
    *("--eval-episodes", "1", "--validation-episodes", "1", "--eval-every", "60"),
    *("--total-env-steps", "120", "--warmup-decisions", "20", "--hidden", "8", "8"),
    *("--batch-size", "4", "--updates-per-decision", "1", "--no-video"),
]


def finetune(*flags: str | Path) -> Path:
    return train_sb3.finetune(parse([str(flag) for flag in flags]))


@pytest.fixture
def point_flags(point_task, point_policy) -> list[str]:
    return ["--env", point_task, "--policy", str(point_policy), "--scale", "0.5", *TINY]


@pytest.fixture
def refused(capsys, monkeypatch, tmp_path):
    """Run the script, which has to refuse, and return the one line it says."""
    monkeypatch.chdir(tmp_path)

    def run(*flags: str | Path) -> str:
        with pytest.raises(SystemExit) as exit_info:
            cli.run(lambda: finetune(*flags))
        assert exit_info.value.code == 2
        text = capsys.readouterr().err
        assert text.startswith("error: ")
        assert text.count("\n") == 1
        return text

    return run


class TestBeforeAnythingStarts:
    @pytest.fixture(autouse=True)
    def _leaves_no_folder(self, tmp_path):
        yield
        assert not (tmp_path / "runs").exists()

    def test_an_unknown_environment_names_the_nearest(self, refused):
        text = refused("--env", "Lfit")
        assert "unknown environment 'Lfit'; did you mean 'Lift'?" in text

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            (["--total-env-steps", "0"], "total_env_steps must be at least 1. Got: 0."),
            (["--num-envs", "0"], "num_envs must be at least 1"),
            (["--eval-episodes", "0"], "eval_episodes must be at least 1. Got: 0."),
            (["--scale", "-1"], "scale must be at least 0. Got: -1.0."),
            (["--gamma", "2"], "gamma must be above 0 and at most 1. Got: 2.0."),
            (
                ["--steer", "action", "--scale", "auto"],
                "scale must be a number with --steer action",
            ),
            (["--total-env-steps", "42"], "total_env_steps must be at least 43 for sac to learn"),
            (["--algo", "ppo"], "at least 1025 for ppo to learn anything: its first update comes"),
            (["--n-action-steps", "5"], "n_action_steps must be at most the policy's horizon 4"),
        ],
    )
    def test_an_impossible_number(self, flags, message, refused, point_flags):
        assert message in refused(*point_flags, *flags)

    def test_a_backend_that_is_not_installed(self, refused, point_flags, monkeypatch):
        monkeypatch.setitem(sys.modules, "sbx", None)
        text = refused(*point_flags, "--backend", "sbx")
        assert text.endswith('not installed; run: pip install "zprl-env[sbx]"\n')

    def test_a_policy_that_is_not_there(self, refused, point_flags):
        text = refused(*point_flags, "--policy", "nowhere")
        assert "a checkpoint folder or a shipped policy (adroit-door, " in text
        assert ", transport), hf://user/repo or module:callable. Got: 'nowhere'" in text

    def test_a_pickled_policy(self, refused, point_flags, tmp_path):
        (tmp_path / "policy.pt").write_bytes(b"\x80\x02.")
        text = refused(*point_flags, "--policy", "policy.pt")
        assert "It is pickled, which can run code, and is never loaded here." in text

    def test_a_truncated_policy(self, refused, point_flags, point_policy, tmp_path):
        shutil.copytree(point_policy, tmp_path / "policy")
        weights = tmp_path / "policy" / "policy.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        text = refused(*point_flags, "--policy", "policy")
        assert "policy.safetensors must be a complete safetensors file" in text

    def test_a_foreign_policy(self, refused, point_flags, point_policy, tmp_path):
        shutil.copytree(point_policy, tmp_path / "policy")
        (tmp_path / "policy" / "policy.json").write_text('{"format": "other"}')
        text = refused(*point_flags, "--policy", "policy")
        assert """policy.json must say "format": "zprl-policy". Got: 'other'.""" in text

    def test_a_policy_of_other_observations(self, refused, point_flags, tmp_path):
        point.save_policy(tmp_path / "policy", observation_dim=5)
        text = refused(*point_flags, "--policy", "policy")
        assert "observations of size 5. Got an environment with observations of size 3" in text

    def test_a_policy_of_other_actions(self, refused, point_flags, tmp_path):
        point.save_policy(tmp_path / "policy", action_dim=7)
        text = refused(*point_flags, "--policy", "policy")
        assert "actions have size 7. Got an environment with action space Box" in text

    def test_a_folder_that_cannot_be_written(self, refused, point_flags, tmp_path):
        (tmp_path / "file").touch()
        text = refused(*point_flags, "--out", "file/run")
        assert "an output folder that can be written. Got: file/run" in text

    def test_a_folder_that_is_no_run(self, refused, tmp_path):
        text = refused("--resume-from", tmp_path)
        assert "a run's folder with a readable config.json" in text


@pytest.fixture(scope="module")
def small_run(tmp_path_factory, point_policy) -> Path:
    """A finished run on the point task."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(point.TASKS, "Point", point.POINT)
        patch.setitem(point.gym.registry, "ZPRL-Point-v0", point.spec())
        finetune("--env", "Point", "--policy", point_policy, *TINY, "--out", folder)
    return folder


@pytest.fixture
def run_folder(small_run, tmp_path, point_task) -> Path:
    """A copy of it, for one test."""
    return Path(shutil.copytree(small_run, tmp_path / "run"))


class TestARunOnThePointTask:
    def test_its_counts_agree(self, run_folder):
        history = load_history(run_folder)
        results = json.loads((run_folder / "results.json").read_text())
        assert 120 <= history.env_steps <= 121
        assert results["env_steps"] == history.env_steps
        assert results["decisions"] == history.decisions
        assert results["updates"] == history.updates == history.decisions - 20 - 1
        assert results["agent_updates"] == history.updates_at[str(results["agent_env_steps"])]
        assert results["episodes"] == len(history.episode_ends) > 0
        assert history.evaluations[0][0] == 0
        assert len(history.evaluations) == 3

    def test_another_run_does_not_take_its_place(self, run_folder, refused, point_flags):
        text = refused(*point_flags, "--out", run_folder)
        assert f"nothing finished stands. Got: {run_folder}. Choose another with --out, or" in text

    def test_it_is_resumed_with_a_larger_budget(self, run_folder):
        before = load_history(run_folder)
        finetune("--resume-from", run_folder, "--total-env-steps", "180")
        after = load_history(run_folder)
        assert 180 <= after.env_steps <= 181
        assert after.episode_ends[: len(before.episode_ends)] == before.episode_ends
        assert [steps for steps, _ in after.evaluations[:3]] == [
            steps for steps, _ in before.evaluations
        ]
        assert len(after.evaluations) == 4

    def test_it_is_not_resumed_as_another(self, run_folder, refused):
        text = refused("--resume-from", run_folder, "--seed", "4", "--scale", "3")
        assert "Got others for: seed (was 0, got 4), scale (was" in text

    def test_it_is_not_resumed_when_every_checkpoint_is_damaged(self, run_folder, refused):
        for checkpoint in (run_folder / "checkpoints").iterdir():
            (checkpoint / "model.zip").unlink()
        text = refused("--resume-from", run_folder, "--total-env-steps", "200")
        assert f"a whole checkpoint in {run_folder / 'checkpoints'}. Got: 1" in text

    def test_it_hands_over_the_best_agent(self, run_folder):
        history = load_history(run_folder)
        results = json.loads((run_folder / "results.json").read_text())
        assert results["agent_env_steps"] == history.best
        first, best = (zipfile.ZipFile(run_folder / f"{n}.zip") for n in ("model", "best"))
        assert first.read("policy.pth") == best.read("policy.pth")

    def test_it_hands_over_the_last_agent_if_told_to(self, run_folder):
        finetune("--resume-from", run_folder, "--total-env-steps", "150", "--keep", "last")
        results = json.loads((run_folder / "results.json").read_text())
        assert results["agent_env_steps"] == results["env_steps"] >= 150
        (checkpoint,) = run_folder.glob("checkpoints/*15?")
        first, last = (zipfile.ZipFile(f / "model.zip") for f in (run_folder, checkpoint))
        assert first.read("policy.pth") == last.read("policy.pth")

    def test_it_is_not_resumed_with_other_weights(self, run_folder, refused, tmp_path):
        policy = point.save_policy(tmp_path / "policy")
        metadata = json.loads((policy / "policy.json").read_text())
        config = json.loads((run_folder / "config.json").read_text())
        assert config["policy_sha256"] == metadata["weights_sha256"]
        (run_folder / "config.json").write_text(json.dumps(config | {"policy_sha256": "f" * 64}))
        text = refused("--resume-from", run_folder, "--policy", policy)
        assert "steers (sha256 ffffffffffff...). Got one of other weights" in text


class TestARunThatGoesOn:
    def test_it_outlives_its_policy_and_plays_its_base_once(self, small_run, tmp_path, point_task):
        run = Path(shutil.copytree(small_run, tmp_path / "moved"))
        config = json.loads((run / "config.json").read_text())
        gone = str(tmp_path / "gone")
        (run / "config.json").write_text(json.dumps(config | {"policy": gone}))
        before = (run / "base.json").read_bytes()
        finetune("--resume-from", tmp_path, "--total-env-steps", "130")  # the newest run in it
        assert (run / "base.json").read_bytes() == before
        assert json.loads((run / "config.json").read_text())["policy"] == gone
        for name in ("config.json", "results.json", "history.json", "base.json"):
            assert json.loads((run / name).read_text())["zprl_env_version"]
        kept = json.loads((run / "results.json").read_text())["kept"]
        assert kept["rule"] == "best"
        assert kept["beats_base_on_validation"] is False

    def test_it_says_where_it_goes_on_and_that_it_has_finished(self, run_folder, capsys):
        finetune("--resume-from", run_folder)
        said = capsys.readouterr().out
        assert f"{run_folder} has finished: all of its 120 environment steps are taken" in said
        finetune("--resume-from", run_folder, "--total-env-steps", "150")
        assert f"{run_folder} goes on at 12" in capsys.readouterr().out

    def test_it_does_not_begin_again_in_silence(self, run_folder, refused):
        shutil.rmtree(run_folder / "checkpoints")
        before = (run_folder / "model.zip").read_bytes()
        text = refused("--resume-from", run_folder)
        assert "Got: none, but results.json and model.zip of the run" in text
        assert (run_folder / "model.zip").read_bytes() == before

    def test_it_writes_to_no_file_that_its_settings_alone_name(self, run_folder, refused, tmp_path):
        config = json.loads((run_folder / "config.json").read_text())
        evil = tmp_path / "evil.hdf5"
        (run_folder / "config.json").write_text(json.dumps(config | {"record": str(evil)}))
        text = refused("--resume-from", run_folder)
        assert f"Give it again with --record {evil}" in text
        finetune("--resume-from", run_folder, "--total-env-steps", "130", "--record", "None")
        assert not [*tmp_path.glob("evil*")]

    def test_it_is_written_over_only_if_asked(self, run_folder, point_flags):
        (run_folder / "notes.txt").touch()
        finetune(*point_flags, "--out", run_folder, "--overwrite", "--seed", "5")
        assert json.loads((run_folder / "config.json").read_text())["seed"] == 5
        assert load_history(run_folder).env_steps < 130
        assert (run_folder / "notes.txt").exists()

    def test_two_processes_do_not_share_it(self, run_folder, refused):
        with holding(run_folder) as other:
            text = refused("--resume-from", run_folder)
            assert f"Got: {run_folder}, in use by process {other.pid} on" in text
            evaluate_policy(Evaluation(run=run_folder, episodes=1))  # reading disturbs nobody


@pytest.mark.slow
def test_results_are_written_whoever_listens(point_flags, tmp_path):
    words = [sys.executable, "-m", "tests.helpers.point", *point_flags, "--out", tmp_path / "run"]
    command = f"set -o pipefail; {shlex.join(map(str, words))} | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for name in ("results.json", "history.json", "curve.png", "model.zip"):
        assert (tmp_path / "run" / name).exists()


@pytest.mark.parametrize("algo", ["td3", "tqc", "crossq", "trpo", "ppo_lstm"])
def test_other_algorithms_run_and_are_resumed(algo, point_flags, tmp_path):
    folder = tmp_path / "run"
    flags = ["--rollout-decisions", "8"] if algo in ("trpo", "ppo_lstm") else []
    finetune(*point_flags, "--algo", algo, *flags, "--out", folder)
    results = json.loads((folder / "results.json").read_text())
    assert f"steered (latent, {algo})" in results["test"]
    finetune("--resume-from", folder, "--total-env-steps", "150")
    assert load_history(folder).env_steps >= 150


def test_a_run_in_jax_is_resumed_and_evaluated(point_flags, tmp_path, capsys):
    pytest.importorskip("sbx", reason="needs the sbx extra")
    folder = tmp_path / "run"
    finetune(*point_flags, "--backend", "sbx", "--out", folder)
    finetune("--resume-from", folder, "--total-env-steps", "150")
    assert load_history(folder).env_steps >= 150
    comparison = evaluate_policy(Evaluation(run=folder, episodes=1))
    test = json.loads((folder / "results.json").read_text())["test"]
    assert comparison.to_dict()["test"] == test


def test_a_simulation_that_fails_ends_the_run_and_keeps_it(
    point_flags, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(point.PointEnv, "spoiled_after", 150)
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: finetune(*point_flags, "--out", tmp_path / "run"))
    assert exit_info.value.code == 2
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].startswith("error: Expected finite observations. Got: NaN")
    assert "Traceback" not in err
    assert f"--resume-from {tmp_path / 'run'}" in out.splitlines()[-1]

    assert 60 < newest(tmp_path / "run")[0].env_steps < 120
    monkeypatch.setattr(point.PointEnv, "spoiled_after", 10**9)
    finetune("--resume-from", tmp_path / "run")
    assert load_history(tmp_path / "run").env_steps >= 120


def interrupt(folder: Path, *flags: str) -> None:
    """Start a run in a process of its own, press Ctrl-C once it learns; see how it ends."""
    endless = ["--total-env-steps", "1000000", "--checkpoint-every", "60", "--out", str(folder)]
    press_ctrl_c(folder, *flags, *endless)


def resume(folder: Path) -> None:
    """Go on with a run and press Ctrl-C once it has saved another checkpoint."""
    press_ctrl_c(folder, "--resume-from", str(folder))


def press_ctrl_c(folder: Path, *flags: str) -> None:
    """Start the script in a process of its own and press Ctrl-C after its next checkpoint."""
    begun = {*folder.glob("checkpoints/0*")}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.helpers.point", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a process group, to which a terminal sends Ctrl-C
    ) as process:
        while process.poll() is None and not {*folder.glob("checkpoints/0*")} - begun:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate()
    assert process.returncode == 130, output
    assert "Ending as soon as nothing is half done" in output
    assert f"Saved. Go on with: python train_sb3.py --resume-from {folder}" in output
    assert "Traceback" not in output


def newest(folder: Path) -> tuple[History, dict[str, np.ndarray]]:
    """History and replay buffer of a run's newest checkpoint."""
    checkpoint = find_checkpoint(folder, pytest.fail)
    assert checkpoint is not None
    return checkpoint.history, load_file(checkpoint.folder / "replay.safetensors")


@pytest.mark.slow
def test_an_interrupted_warm_up_goes_on_to_the_end(point_flags, tmp_path):
    folder = tmp_path / "run"
    interrupt(folder, *point_flags, "--warmup-decisions", "100000")
    before, stored = newest(folder)
    assert 0 < before.decisions == len(stored["actions"])
    resume(folder)
    after, stored = newest(folder)
    assert after.env_steps > before.env_steps
    assert after.episode_ends[: len(before.episode_ends)] == before.episode_ends
    assert len(stored["actions"]) == after.decisions
    assert not stored["actions"].any()  # it was warm-up to the last


@pytest.mark.slow
def test_interrupted_learning_in_several_processes_is_kept(point_flags, tmp_path):
    interrupt(tmp_path / "run", *point_flags, "--num-envs", "2")
    history, stored = newest(tmp_path / "run")
    assert history.env_steps >= 60
    assert stored["rewards"].shape[1] == 2
    assert stored["rewards"].size == history.decisions


@pytest.mark.filterwarnings("ignore:What the policy is shown lies far outside")
def test_a_robot_learns_between_episodes_and_what_it_did_is_written_down(tmp_path):
    # The ideal driver lays the plate into the air, which the policy has never seen.
    finetune(
        *("--env", "Real", "--env-kwargs", "driver=ideal", *TINY),
        *("--total-env-steps", "660", "--eval-every", "1000", "--updates-per-episode", "3"),
        *("--record", tmp_path / "episodes.hdf5", "--out", tmp_path / "run"),
    )
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["env_steps"] >= 660
    assert results["updates"] > 0
    recorded = Demonstrations.load(tmp_path / "episodes.hdf5")
    assert sum(map(len, recorded.trajectories)) >= results["env_steps"]


@pytest.mark.slow
def test_a_run_on_lift_leaves_everything_it_promises(lift_policy, tmp_path):
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    folder = tmp_path / "run"
    flags = ["--policy", lift_policy, "--out", str(folder), "--total-env-steps", "600"]
    flags += ["--eval-episodes", "2", "--validation-episodes", "2", "--eval-every", "400"]
    flags += ["--warmup-decisions", "20"]
    done = run_warm("train_sb3.py", "--env", "Lift", "--algo", "sac", *flags, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "steered (latent, sac)" in done.stdout
    assert "No difference that 2 episodes can show: " in done.stdout
    assert str(folder) in done.stdout.splitlines()[-1]

    config = json.loads((folder / "config.json").read_text())
    assert (config["env"], config["algo"], config["total_env_steps"]) == ("Lift", "sac", 600)
    results = json.loads((folder / "results.json").read_text())
    assert 600 <= results["env_steps"] < 600 + 16
    *bases, steered = results["test"].values()
    assert all(base["seeds"] == steered["seeds"] for base in bases)
    assert results["paired_difference"]["p_value"] <= 1.0
    assert results["policy_sha256"] == config["policy_sha256"]
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "curve.png").stat().st_size > 10_000
    assert (folder / "model.zip").stat().st_size > 10_000
    assert len([*folder.glob("checkpoints/0*/replay.safetensors")]) == 1
    (events,) = (folder / "tensorboard" / "Lift-sac-seed0").glob("events.out.tfevents.*")
    assert events.stat().st_size > 1_000
    if not (folder / "video.mp4").exists():
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("No film: ")]
        assert "OpenGL" in line
    else:
        assert (folder / "video.mp4").stat().st_size > 1_000


@pytest.mark.parametrize("until", ["learned", "the end"])
def test_a_full_disk_is_said_and_what_was_learned_is_written_once_there_is_room(
    until, point_flags, tmp_path, capsys, monkeypatch
):
    folder, learn = tmp_path / "run", Finetuning.learn
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def learn_on_a_full_disk(run: Finetuning) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1]))  # no file may be larger
        learn(run)
        if until == "learned":
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(Finetuning, "learn", learn_on_a_full_disk)
    try:
        with pytest.raises(SystemExit) if until == "the end" else nullcontext():
            cli.run(lambda: finetune(*point_flags, "--checkpoint-every", "50", "--out", folder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said, error = capsys.readouterr()
    assert "best.zip is not written yet and tried again later. Expected to write" in said
    assert "Not saved; the next try is at 100 env steps." in said
    assert "steered (latent, sac)" in said  # the results, written or not
    assert not [*folder.rglob("*partial*")]
    if until == "the end":
        assert "error: Expected to write everything. Got no room for: best.zip, " in error
        assert f"Make room, and go on with: python train_sb3.py --resume-from {folder}\n" in error
        return
    assert find_checkpoint(folder, pytest.fail) is not None
    written = {path.name for path in folder.iterdir()}
    assert {"best.zip", "model.zip", "results.json", "history.json", "curve.png"} <= written
    assert load_history(folder).best is not None


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("zprl_env.training.run.base_results.play", "Nothing was learned yet."),
        ("zprl_env.training.watch.callbacks.evaluate", "Saved."),
        ("zprl_env.training.comparison.play", "The agent is saved."),
    ],
    ids=["base policy", "evaluation", "test"],
)
def test_who_ends_a_run_by_a_signal_is_told_how_to_go_on(
    where, said, number, point_flags, tmp_path, capsys, monkeypatch
):
    before, left = signal.getsignal(number), 1
    real = pkgutil.resolve_name(":".join(where.rsplit(".", 1)))

    def ended(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
        return real(*arguments)

    monkeypatch.setattr(where, ended)
    folder = tmp_path / "run"
    with pytest.raises(SystemExit) as exit_info:
        cli.run(lambda: finetune(*point_flags, "--out", folder))
    assert exit_info.value.code == 130
    output = capsys.readouterr().out.replace("\n", " ")
    assert f"{said} Go on with: python train_sb3.py --resume-from {folder}" in output
    assert signal.getsignal(number) == before
