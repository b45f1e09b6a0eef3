"""The postures that were found beat the idea that the search began from."""

from __future__ import annotations

import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.envs.adroit import AdroitEnv
from zprl_env.experts.adroit.hammer import PRACTISED
from zprl_env.experts.adroit.hammer_search import Search, main, stroke_score

FIRST_SEED = 1_000_000


def test_the_hammers_postures_beat_the_idea_they_were_found_from(capsys):
    env = AdroitEnv("hammer")
    found = main(Search(generations=0))
    assert stroke_score(env, PRACTISED, FIRST_SEED) > stroke_score(env, found, FIRST_SEED) + 1.0
    env.close()
    assert "HammerPostures(grasp=(0.25" in capsys.readouterr().out
