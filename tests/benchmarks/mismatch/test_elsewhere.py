"""An agent is played where it was not trained; a run on a mismatch carries it wherever it goes."""

from __future__ import annotations

import pytest

import benchmarks.mismatch.elsewhere as elsewhere
from train_sb3 import finetune
from zprl_env.cli import settings
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.evaluation import TEST_SEED
from zprl_env.training.command_line import parse

SAID = 'mismatch={"friction": 0.5}'
WORDS = (
    "--env box-close --algo sac --total-env-steps 200 --warmup-decisions 5 --hidden 8 8 "
    "--eval-every 200 --validation-episodes 1 --eval-episodes 1 --no-video"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    finetune(parse([*WORDS.split(), "--env-kwargs", SAID, "--out", str(folder)]))
    return folder


def test_it_plays_every_condition_of_the_task(run, monkeypatch):
    made = []
    original = elsewhere.make_env

    def make_env(name, **kwargs):
        made.append(kwargs["mismatch"])
        return original(name, **kwargs)

    monkeypatch.setattr(elsewhere, "make_env", make_env)
    found = elsewhere.play_elsewhere(run, [TEST_SEED])
    assert [*found] == ["heavy", "slippery", "late", "biased", "far"]
    assert made == [elsewhere.mismatch("box-close", condition) for condition in found]
    assert all(one["seeds"] == [TEST_SEED] for one in found.values())


def test_a_run_on_a_mismatch_is_resumed_and_evaluated_on_it_unless_told_otherwise(run):
    resumed = parse(["--resume-from", str(run)])
    assert settings(resumed.env_kwargs) == {"mismatch": {"friction": 0.5}}
    played = evaluate_policy(Evaluation(run=run, episodes=1))
    assert played.env.unwrapped.mismatch == {"friction": 0.5}  # type: ignore[attr-defined]
    words = ('mismatch={"start_region": 2}',)
    played = evaluate_policy(Evaluation(run=run, episodes=1, env_kwargs=words))
    assert played.env.unwrapped.mismatch == {"start_region": 2.0}  # type: ignore[attr-defined]
