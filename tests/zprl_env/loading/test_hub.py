"""A policy is fetched from the hub by name, and nothing that is not ours."""

from __future__ import annotations

import pytest

from tests.helpers import point
from tests.helpers.hub_server import held, weights_hash
from tests.helpers.point import PointEnv
from zprl_env import LatentSteeringWrapper
from zprl_env.deploy.publish import push_to_hub
from zprl_env.errors import CheckpointError
from zprl_env.loading.hub import FILES, HubError, check_folder, from_hub, hub_error
from zprl_env.loading.resolve import resolve_policy


def test_nothing_but_the_named_files_is_fetched(hub, point_policy):
    push_to_hub(point_policy, "me/point")
    hub.commit("me/point", "main", {"model.pkl": b"\x80", "policy.py": b"", "policy/x.bin": b""})
    assert held(from_hub("me/point")).keys() <= {*FILES}


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


def test_a_policy_is_named_by_its_address_wherever_one_is_named(hub, point_policy):
    push_to_hub(point_policy, "me/point")
    sha = hub.repos["me/point"]["main"]
    for name in ("hf://me/point", f"hf://me/point@{sha}"):
        env = LatentSteeringWrapper(PointEnv(), name, scale=0.5)
        observation, _ = env.reset(seed=0)
        assert observation.shape == env.observation_space.shape


def test_a_folder_is_checked_by_its_hashes(point_policy, steered_folder, tmp_path):
    check_folder(point_policy)
    check_folder(steered_folder)
    with pytest.raises(CheckpointError, match=r"must hold policy\.json or steered\.json\. Got"):
        check_folder(tmp_path)


def test_what_the_client_says_in_many_lines_is_told_in_one():
    error = hub_error("fetch", "me/point", ValueError("not\n  there.\n"))
    assert str(error).startswith("cannot fetch me/point: not there. Try another name or revision")
    assert "KeyError" in str(hub_error("fetch", "me/point", KeyError()))


@pytest.mark.parametrize("offline", [True, False])
def test_a_hub_that_cannot_be_reached_is_no_matter_of_logins(hub, monkeypatch, offline):
    from huggingface_hub import constants

    if offline:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        hub.server_close()
        hub.shutdown()
    with pytest.raises(HubError, match="cannot fetch me/point") as caught:
        from_hub("me/point")
    assert "The hub cannot be reached: check the network" in str(caught.value)
    assert "log in" not in str(caught.value)
