"""Every example runs to its end, and is short enough to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.warm import run_warm

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RATE = r"[01]\.\d\d \[[\d., ]+\] over \d+ episodes"


def run(example: str, *arguments: object, warnings: str = "error") -> str:
    done = run_warm(f"examples/{example}.py", *arguments, cwd=ROOT, warn=warnings)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_how_it_is_run(example):
    text = example.read_text(encoding="utf-8")
    assert re.match(r"\d\d_", example.name)
    assert len(text.splitlines()) < 70
    assert f"python examples/{example.name}" in text


def test_one_s_own_policy_in_one_s_own_environment():
    said = run("01_own_policy", 310)
    assert re.search(rf"alone:   {RATE}\nsteered: {RATE}\n", said)


def test_a_torch_policy_from_elsewhere():
    said = run("07_torch_policy", 110)
    for wrapper in ("NoiseSteeringWrapper", "LatentSteeringWrapper"):
        assert re.search(rf"{wrapper} alone:   {RATE}\n{wrapper} steered: {RATE}\n", said)


def test_ppo_on_eight_environments():
    pytest.importorskip("metaworld", reason="needs the metaworld extra")
    said = run(
        "03_ppo_vectorised", "--env", "box-close", "--rollouts=1", "--n-steps=16", "--episodes=2"
    )
    assert re.search(r"alone: \d of 2 episodes succeeded\nsteered: \d of 2", said)


def test_a_learner_in_one_file():
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    said = run("04_learner_in_one_file", 320)
    assert int(said.split()[-4]) > 300  # it went on after it had begun to learn
    assert re.search(r"\d+ decisions: success [01]\.\d\d\n$", said)


def test_a_way_of_steering_of_one_s_own():
    pytest.importorskip("metaworld", reason="needs the metaworld extra")
    said = run("06_own_steering", 64)
    assert re.search(rf"alone:   {RATE}\nsteered: {RATE}\n", said)


def test_from_a_robomimic_file_to_a_steered_policy(tmp_path):
    pytest.importorskip("metaworld", reason="needs the metaworld extra")
    tiny = ("--env=box-close", "--demonstrations=2", "--steps=20", "--episodes=1")
    said = run("02_from_demonstrations", *tiny, "--decisions=505", "--out", tmp_path)
    assert re.search(rf"Steering lambda 2, .*\nalone:   {RATE}\nsteered: {RATE}\n", said)
    assert (tmp_path / "policy" / "policy.safetensors").exists()

    dataset = tmp_path / "demonstrations.hdf5"
    content = dataset.read_bytes()
    run("02_from_demonstrations", dataset, *tiny, "--decisions=1", "--out", tmp_path / "again")
    assert dataset.read_bytes() == content


def test_rllib_learns_on_a_steered_environment():
    for needed in ("metaworld", "ray", "lz4", "tree", "ormsgpack"):
        pytest.importorskip(needed, reason="needs the extras metaworld and rllib")
    tiny = ("--env=box-close", "--runners=0", "--iterations=1", "--decisions=64")
    said = run("08_rllib", *tiny, warnings="ignore")  # of Ray's own
    assert re.match(r"0: 64 decisions, mean return ([01]\.\d\d|nan)\n$", said)


def test_torchrl_collects_from_a_steered_environment():
    for needed in ("metaworld", "torchrl"):
        pytest.importorskip(needed, reason="needs the extras metaworld and torchrl")
    tiny = ("--env=box-close", "--decisions=60", "--batch=30")
    said = run("09_torchrl", *tiny, warnings="ignore")  # of TensorDict's own
    assert len(re.findall(r"^30 decisions, actions of \(30, 8\): \d of", said, re.MULTILINE)) == 2
