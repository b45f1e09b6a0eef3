"""A published card is the policy's own, under the header that the hub reads."""

from __future__ import annotations

import pytest

from zprl_env.deploy.hub_card import hub_card
from zprl_env.deploy.publish import Pull, pull, push_to_hub
from zprl_env.loading.hub import from_hub

huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the hub extra")


def test_the_card_has_a_header_and_the_results_with_their_intervals(hub, steered_folder):
    push_to_hub(steered_folder, "me/steered")
    card = huggingface_hub.ModelCard.load(from_hub("me/steered") / "README.md")
    assert card.data.library_name == "zprl-env"
    assert {"robotics", "reinforcement-learning", "sac"} <= {*card.data.tags}
    assert len(card.data.eval_results) == 3
    assert "95 % interval 0." in card.data.eval_results[-1].metric_name
    assert "| steered (latent, sac) |" in card.text
    assert 'SteeredPolicy.load("hf://me/steered")' in card.text


def test_a_fetched_policy_is_published_again_with_one_header(hub, point_policy, tmp_path):
    push_to_hub(point_policy, "me/point")
    out = pull(Pull("me/point", tmp_path / "out"))
    push_to_hub(out, "me/other")
    text = (from_hub("me/other") / "README.md").read_text()
    assert text.count("library_name") == text.count("## From the hub") == 1
    assert "hf://me/other" in text
    assert "hf://me/point" not in text


def test_a_policy_without_a_card_gets_a_short_one(point_policy):
    card = hub_card(point_policy, "me/point")
    header, text = card.removeprefix("---\n").split("\n---\n")
    assert "library_name: zprl-env" in header
    assert "imitation-learning" in header
    assert text.strip().startswith("# Base policy for ?")
    assert "train_sb3.py --env ? --policy hf://me/point" in text
