"""Policies travel through the Hugging Face hub's own client, to a small hub of ours and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import hub_server, point
from tests.helpers.hub_server import held, weights_hash
from zprl_env.deploy.publish import push_to_hub
from zprl_env.errors import CheckpointError, MissingExtraError
from zprl_env.loading.hub import HubError, from_hub
from zprl_env.loading.resolve import resolve_policy

huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the hub extra")


def test_a_base_policy_comes_back_as_it_went(hub, point_policy):
    url = push_to_hub(point_policy, "me/point")
    assert url.startswith(f"{hub.url}/me/point/commit/")
    fetched = from_hub("me/point")
    mine, theirs = held(point_policy), held(fetched)
    assert theirs.keys() == mine.keys() | {"README.md"}
    assert all(theirs[name] == content for name, content in mine.items())
    assert weights_hash(fetched) == weights_hash(point_policy)


def test_a_steered_policy_comes_back_as_it_went(hub, steered_folder):
    from zprl_env import SteeredPolicy

    push_to_hub(steered_folder, "me/steered")
    ours, theirs = SteeredPolicy.load(steered_folder), SteeredPolicy.load("hf://me/steered")
    observation = np.array([0.1, -0.2, 0.0])
    for steered in (ours, theirs):
        steered.reset(seed=0)
    np.testing.assert_array_equal(ours.predict(observation), theirs.predict(observation))
    assert theirs.metadata == ours.metadata


def test_nothing_but_the_named_files_is_sent(hub, point_policy, tmp_path):
    folder = point.save_policy(tmp_path / "policy")
    (folder / "notes.txt").write_text("mine")
    (folder / "model.pkl").write_bytes(b"\x80")
    push_to_hub(folder, "me/point")
    _, files = hub.files("me/point", "main")
    assert files.keys() == {".gitattributes", "policy.json", "policy.safetensors", "README.md"}


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


def test_without_a_login_nothing_is_published_and_no_token_is_told(hub, point_policy, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="hf auth login") as caught:
        push_to_hub(point_policy, "me/point")
    assert "hf_wrong" not in str(caught.value)
    assert hub.repos == {}


def test_the_commands_publish_and_fetch(hub, point_policy, tmp_path):
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_TOKEN": hub_server.TOKEN}
    settings["HF_HUB_OFFLINE"] = "0"  # whatever another test of this process has said

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
    assert f"Got: {out}. Choose another OUT, or give --overwrite." in done.stderr
    done = run("pull", "me/point", out, "--overwrite")
    assert (done.returncode, done.stdout.strip()) == (0, str(out))
    assert {path.name for path in tmp_path.iterdir() if "out" in path.name} == {"out"}
    assert hub_server.TOKEN not in done.stdout + done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch, point_policy):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r'pip install "zprl-env\[hub\]"$'):
        push_to_hub(point_policy, "me/point")
    with pytest.raises(MissingExtraError, match="hub"):
        resolve_policy("hf://me/point")
