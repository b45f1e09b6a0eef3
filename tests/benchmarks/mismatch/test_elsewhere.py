"""An agent that was trained on the task as it was shown is played on every other condition."""

from __future__ import annotations

import benchmarks.mismatch.elsewhere as elsewhere
from train_sb3 import finetune
from zprl_env.evaluation import TEST_SEED
from zprl_env.training.config import parse

RUN = (
    "--env box-close --algo sac --total-env-steps 200 --warmup-decisions 5 --hidden 8 8 "
    "--eval-every 200 --validation-episodes 1 --eval-episodes 1 --no-video"
)


def test_it_plays_every_condition_but_its_own(tmp_path, monkeypatch):
    finetune(parse([*RUN.split(), "--out", str(tmp_path / "run")]))
    made = []
    original = elsewhere.make_env

    def make_env(name, **kwargs):
        made.append(kwargs["mismatch"])
        return original(name, **kwargs)

    monkeypatch.setattr(elsewhere, "make_env", make_env)
    found = elsewhere.play_elsewhere(tmp_path / "run", [TEST_SEED])
    assert [*found] == ["heavy", "slippery", "late", "biased", "far"]
    assert made == [elsewhere.mismatch("box-close", condition) for condition in found]
    assert all(one["seeds"] == [TEST_SEED] for one in found.values())
