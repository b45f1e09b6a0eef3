"""The card of an export says how it was made, how well it does, and how it is loaded."""

from __future__ import annotations

from typing import Any

from zprl_env.deploy.steered_card import steered_card

RESULT = {
    "success_rate": 0.5,
    "wilson_95": [0.1, 0.9],
    "episodes": 4,
    "seeds": [1000000, 1000003],
    "mean_length": 12.25,
}
METADATA: dict[str, Any] = {
    "env": "Point",
    "algo": "sac",
    "steer": "noise",
    "backend": "torch",
    "seed": 3,
    "env_steps": 12345,
    "options": {"scale": 1.5, "n_action_steps": 2},
    "results": {"base policy": RESULT, "steered": RESULT | {"success_rate": 1.0}},
    "paired_difference": {"difference": 0.5, "gained": 2, "lost": 0, "p_value": 0.5},
}


def test_it_tells_where_by_what_and_for_how_long():
    card = steered_card(METADATA)
    assert card.startswith("# Steered policy for Point\n")
    assert "steers it at its flow's noise: sac of\nStable-Baselines3" in card
    assert "trained for 12,345 environment steps" in card
    assert "| steering | scale 1.5, n_action_steps 2 |" in card
    assert "chunk = steered.predict(observation)  # (2, action)" in card
    assert "SBX" in steered_card(METADATA | {"backend": "sbx"})


def test_results_stand_with_their_intervals_seeds_and_the_paired_difference():
    card = steered_card(METADATA)
    assert "| base policy | 0.50 | 0.10 - 0.90 | 4 | 1000000 to 1000003 | 12.2 |" in card
    assert "better base policy +0.50: 2 episodes gained,\n0 lost (exact McNemar p = 0.5)" in card
    assert "Paired" not in steered_card(METADATA | {"paired_difference": None})


def test_what_was_not_measured_says_so():
    card = steered_card(METADATA | {"results": {}})
    assert "`python -m zprl_env.evaluate --run`" in card
    assert "| success |" not in card
