"""Addresses and folders of LeRobot policies."""

import pytest

from policies.errors import CheckpointError, ConfigurationError
from policies.foreign.lerobot.files import Address, content_hash, find_folder
from tests.helpers.lerobot_checkpoints import write


def test_an_address_has_a_place_and_options():
    address = Address.parse("lerobot:a/b@v1?task=pick up the cube&sampler=DDPM&steps=10")
    assert (address.place, address.task, address.sampler) == ("a/b@v1", "pick up the cube", "DDPM")
    assert address.steps == 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lerobot:", "followed by a path"),
        ("lerobot:x?noise=1", "must be sampler, steps, task"),
        ("lerobot:x?steps=0", "from 1 to 1000"),
        ("lerobot:x?steps=ten", "from 1 to 1000"),
        ("lerobot:x?sampler=ddim", "must be DDIM or DDPM"),
        ("lerobot:x?ensembling=on", "must be off"),
    ],
)
def test_an_address_that_means_nothing_is_refused(text, told):
    with pytest.raises(ConfigurationError, match=told):
        Address.parse(text)


@pytest.mark.parametrize("inside", [".", "pretrained_model", "checkpoints/last/pretrained_model"])
def test_the_folder_that_the_trainer_was_given_will_do(tmp_path, inside):
    write(tmp_path / "run" / inside)
    assert find_folder(str(tmp_path / "run")).samefile(tmp_path / "run" / inside)


def test_a_folder_without_a_checkpoint_is_told_from_a_repository(tmp_path):
    with pytest.raises(CheckpointError, match=r"must hold config\.json"):
        find_folder(str(tmp_path))
    with pytest.raises(CheckpointError, match="a folder or a repository"):
        find_folder(str(tmp_path / "none" / "of" / "it"))


def test_the_hash_is_of_names_and_contents(tmp_path):
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_text("same")
    first = content_hash(paths)
    assert first == content_hash(paths[::-1])
    paths[0].write_text("other")
    assert content_hash(paths) != first
