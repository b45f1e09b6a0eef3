"""Policies travel through the Hugging Face hub's own client, to a small hub of ours and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from policies.compiled_policy import CompiledPolicy
from tests.helpers import hub_server, point
from tests.helpers.point import PointEnv
from zprl_env import LatentSteeringWrapper
from zprl_env.deploy.publish import Pull, pull, push_to_hub
from zprl_env.errors import CheckpointError, MissingExtraError
from zprl_env.loading.hub import FILES, HubError, from_hub
from zprl_env.loading.resolve import resolve_policy

huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the hub extra")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub, as ``HF_ENDPOINT`` names it, with a login and an empty cache."""
    from huggingface_hub import constants

    with hub_server.serving() as server:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        yield server


def held(folder: Path) -> dict[str, bytes]:
    """Files of a folder by their path in it."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def weights_hash(folder: Path) -> str:
    return CompiledPolicy.load(folder).weights_hash


def test_a_base_policy_comes_back_as_it_went(hub, point_policy):
    url = push_to_hub(point_policy, "me/point")
    assert url.startswith(f"{hub.url}/me/point/commit/")
    fetched = from_hub("me/point")
    mine, theirs = held(point_policy), held(fetched)
    assert theirs.keys() == mine.keys() | {"README.md"}
    assert all(theirs[name] == content for name, content in mine.items())
    assert weights_hash(fetched) == weights_hash(point_policy)


def test_a_policy_is_named_by_its_address_wherever_one_is_named(hub, point_policy):
    push_to_hub(point_policy, "me/point")
    sha = hub.repos["me/point"]["main"]
    for name in ("hf://me/point", f"hf://me/point@{sha}"):
        env = LatentSteeringWrapper(PointEnv(), name, scale=0.5)
        observation, _ = env.reset(seed=0)
        assert observation.shape == env.observation_space.shape


def test_a_steered_policy_comes_back_as_it_went(hub, steered_folder):
    from zprl_env import SteeredPolicy

    push_to_hub(steered_folder, "me/steered")
    ours, theirs = SteeredPolicy.load(steered_folder), SteeredPolicy.load("hf://me/steered")
    observation = np.array([0.1, -0.2, 0.0])
    for steered in (ours, theirs):
        steered.reset(seed=0)
    np.testing.assert_array_equal(ours.predict(observation), theirs.predict(observation))
    assert theirs.metadata == ours.metadata


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


def test_nothing_but_the_named_files_is_sent(hub, point_policy, tmp_path):
    folder = point.save_policy(tmp_path / "policy")
    (folder / "notes.txt").write_text("mine")
    (folder / "model.pkl").write_bytes(b"\x80")
    push_to_hub(folder, "me/point")
    _, files = hub.files("me/point", "main")
    assert files.keys() == {".gitattributes", "policy.json", "policy.safetensors", "README.md"}


def test_nothing_but_the_named_files_is_fetched(hub, point_policy):
    push_to_hub(point_policy, "me/point")
    hub.commit("me/point", "main", {"model.pkl": b"\x80", "policy.py": b"", "policy/x.bin": b""})
    assert held(from_hub("me/point")).keys() <= {*FILES}


def test_a_damaged_policy_is_refused_on_either_side(hub, point_policy, tmp_path):
    push_to_hub(point_policy, "me/point")
    content = bytearray(held(point_policy)["policy.safetensors"])
    content[-1] ^= 1
    hub.commit("me/point", "main", {"policy.safetensors": bytes(content)})
    with pytest.raises(CheckpointError, match="weights_sha256"):
        from_hub("me/point")
    folder = point.save_policy(tmp_path / "policy")
    (folder / "policy.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="weights_sha256"):
        push_to_hub(folder, "me/damaged")
    assert "me/damaged" not in hub.repos


def test_a_repository_of_something_else_is_refused(hub):
    hub.repos["me/bert"] = {}
    hub.commit("me/bert", "main", {"config.json": b"{}", "README.md": b"bert"})
    with pytest.raises(CheckpointError, match=r"must hold policy.json or steered.json"):
        from_hub("me/bert")


def test_revisions_are_kept_apart(hub, point_policy, tmp_path):
    other = point.save_policy(tmp_path / "other", seed=1)
    push_to_hub(point_policy, "me/point", private=True)
    first = hub.repos["me/point"]["main"]
    push_to_hub(other, "me/point", revision="second")
    assert hub.private == {"me/point"}
    hashes = [weights_hash(path) for path in (point_policy, other)]
    for revision, expected in ((None, 0), (first, 0), ("second", 1)):
        assert weights_hash(from_hub("me/point", revision=revision)) == hashes[expected]


@pytest.mark.parametrize("name", ["me/nothing", "me/point@nowhere", "not a name"])
def test_what_is_not_there_is_refused_in_one_line(hub, point_policy, name):
    push_to_hub(point_policy, "me/point")
    with pytest.raises(HubError, match="cannot fetch") as caught:
        resolve_policy(f"hf://{name}")
    assert "\n" not in str(caught.value)


def test_without_a_login_nothing_is_published_and_no_token_is_told(hub, point_policy, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="hf auth login") as caught:
        push_to_hub(point_policy, "me/point")
    assert "hf_wrong" not in str(caught.value)
    assert hub.repos == {}


def test_the_commands_publish_and_fetch(hub, point_policy, tmp_path):
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_TOKEN": hub_server.TOKEN}

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "zprl_env.hub", *map(str, words)]
        env = os.environ | settings
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env)

    done = run("push", point_policy, "me/point")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{hub.url}/me/point/commit/" in done.stdout
    out = tmp_path / "out"
    done = run("pull", "me/point", out)
    assert (done.returncode, done.stdout.strip()) == (0, str(out))
    assert json.loads((out / "policy.json").read_text())["format"] == "zprl-policy"
    done = run("pull", "me/point", out)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "out must not exist yet" in done.stderr
    assert hub_server.TOKEN not in done.stdout + done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch, point_policy):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[hub\]"$'):
        push_to_hub(point_policy, "me/point")
    with pytest.raises(MissingExtraError, match="hub"):
        resolve_policy("hf://me/point")
