"""An expert performs the task of the preset that its environment was made with."""

from __future__ import annotations

import numpy as np
import yaml

from real.experts.plan import PlanExpert
from real.tasks.files import FOLDER
from zprl_env.experts import make_expert
from zprl_env.experts.performance import Stage, operator_for


def moved(folder):
    """flip-egg with another home."""
    content = yaml.safe_load((FOLDER / "flip-egg.yaml").read_text(encoding="utf-8"))
    content["arms"][0]["home"]["position"] = [0.45, 0.1, 0.3]
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content | {"name": "mine"}), encoding="utf-8")
    return str(path)


def test_its_aims_begin_at_that_preset_s_home(tmp_path):
    made = make_expert("Real-flip-egg", env_kwargs={"task": moved(tmp_path), "driver": "ideal"})
    usual = make_expert("Real-flip-egg")
    assert isinstance(made, PlanExpert)
    assert isinstance(usual, PlanExpert)
    np.testing.assert_allclose(made.aims[0, :3], [0.45, 0.1, 0.3])
    np.testing.assert_allclose(usual.aims[0, :3], [0.42, 0.0, 0.25])


def test_the_stage_of_a_recording_makes_both_from_the_same_file(tmp_path):
    own = {"task": moved(tmp_path), "driver": "ideal"}
    stage = Stage("Real-flip-egg", 1.0, operator_for(0), env_kwargs=own)
    assert isinstance(stage.expert, PlanExpert)
    observation, _ = stage.env.reset(seed=0)
    np.testing.assert_allclose(observation[:3], stage.expert.aims[0, :3], atol=1e-6)
    assert stage.env_args["env_name"] == "mine"
