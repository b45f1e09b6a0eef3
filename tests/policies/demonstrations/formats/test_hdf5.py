"""HDF5 that points elsewhere, holds nothing, or claims too much is refused, in milliseconds."""

import contextlib
import json
import time

import h5py
import numpy as np
import pytest

from policies.demonstrations import Demonstrations, content_hash
from policies.demonstrations.formats.hdf5 import parse_json
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError, ZprlError
from tests.helpers.damage import corrupt
from tests.helpers.demonstrations import env_args, write_robomimic

SHAPE = (5, 10)
KEY = "data/demo_0/obs/object"


@pytest.fixture
def file(tmp_path):
    return write_robomimic(tmp_path / "d.hdf5", env_args())


@pytest.fixture
def secret(tmp_path):
    """Another file, whose numbers nobody may get by naming it."""
    np.full(SHAPE, 7.0).tofile(tmp_path / "secret.raw")
    with h5py.File(tmp_path / "secret.hdf5", "w") as other:
        other["x"] = np.full(SHAPE, 7.0)
        other["demo_0/actions"] = np.full((5, 7), 7.0)
    return tmp_path / "secret.hdf5"


def external(opened, secret):
    opened.create_dataset(KEY, SHAPE, "f8", external=[(str(secret.with_suffix(".raw")), 0, 400)])


def virtual(opened, secret):
    layout = h5py.VirtualLayout(SHAPE, "f8")
    layout[:] = h5py.VirtualSource(secret, "x", SHAPE)
    opened.create_virtual_dataset(KEY, layout)


def link(opened, secret):
    opened[KEY] = h5py.ExternalLink(str(secret), "/x")


def link_by_a_link(opened, secret):
    opened["there"] = h5py.ExternalLink(str(secret), "/")
    opened[KEY] = h5py.SoftLink("/there/x")


def linked_group(opened, secret):
    del opened["data/demo_0/obs"]
    opened["data/demo_0/obs"] = h5py.ExternalLink(str(secret), "/")


def linked_episode(opened, secret):
    del opened["data/demo_0"]
    opened["data/demo_0"] = h5py.ExternalLink(str(secret), "/demo_0")


def link_out_of_a_recording(opened, secret):
    del opened["data/demo_0"]
    opened["data/demo_0"] = h5py.ExternalLink("../x.episodes/secret.hdf5", "/demo_0")


def link_to_nowhere(opened, secret):
    opened[KEY] = h5py.SoftLink("/not/there")


def never_written(opened, secret):
    opened.create_dataset(KEY, SHAPE, "f8", chunks=(1, 10))


def partly_written(opened, secret):
    dataset = opened.create_dataset(KEY, SHAPE, "f8", chunks=(1, 10))
    dataset[:2] = 1.0


def without_space(opened, secret):
    opened[KEY] = h5py.Empty("f8")


def bomb(opened, secret):
    opened.create_dataset(KEY, (5, 4 * 10**8), "f8", chunks=(1, 1000), compression="gzip")
    opened[KEY][:, :1000] = 1.0


def huge_block(opened, secret):
    chunks, limits = (5, 2**26 - 1), (5, None)
    opened.create_dataset(KEY, SHAPE, "u1", chunks=chunks, maxshape=limits, compression="gzip")
    opened[KEY][...] = 1


@pytest.mark.parametrize(
    "spoil",
    [
        external,
        virtual,
        link,
        link_by_a_link,
        linked_group,
        linked_episode,
        link_out_of_a_recording,
        link_to_nowhere,
        never_written,
        partly_written,
        without_space,
        bomb,
        huge_block,
    ],
)
def test_numbers_that_are_not_in_the_file_are_refused(file, secret, spoil):
    with h5py.File(file, "a") as opened:
        del opened[KEY]
        spoil(opened, secret)
    began = time.perf_counter()
    with pytest.raises(DemonstrationError, match="demo_0"):
        Demonstrations.load(file, ("object",))
    with pytest.raises(DemonstrationError):
        content_hash(file)
    assert "demo_0" in summarise(str(file)).bad
    assert time.perf_counter() - began < 5.0
    read = Demonstrations.load(file, ("object",), skip_bad=True)
    assert len(read.trajectories) == 3


def test_a_link_within_the_file_is_read(file):
    with h5py.File(file, "a") as opened:
        opened.move(KEY, "elsewhere")
        opened[KEY] = h5py.SoftLink("/elsewhere")
    assert Demonstrations.load(file, ("object",)).observation_dims == {"object": 10}


def test_groups_that_contain_themselves_end(file):
    with h5py.File(file, "a") as opened:
        opened["data/demo_0/obs/again"] = opened["data/demo_0/obs"]
    with pytest.raises(DemonstrationError, match="nested at most"):
        Demonstrations.load(file)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "{not json",
        json.dumps([1, 2]),
        json.dumps("Lift"),
        "17",
        json.dumps({"env_kwargs": "none"}),
        json.dumps({"env_kwargs": [1]}),
        " " * 2**24 + "{}",
    ],
)
def test_a_description_that_is_none_is_refused_at_once(file, text):
    with h5py.File(file, "a") as opened:
        opened["data"].attrs.create("env_args", text, dtype=h5py.string_dtype())
    began = time.perf_counter()
    for read in (Demonstrations.load, summarise):
        with pytest.raises(DemonstrationError, match="attributes of 'data' must be JSON"):
            read(str(file))
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize("value", [3, np.arange(4), np.float64("nan")])
def test_a_description_of_another_type_is_refused(file, value):
    with h5py.File(file, "a") as opened:
        opened["data"].attrs["env_args"] = value
    with pytest.raises(DemonstrationError, match="attributes of 'data' must be JSON: env_args is"):
        Demonstrations.load(file)


@pytest.mark.parametrize("keys", ['"object"', '{"object": 1}', "[1]", '["object", "object"]'])
def test_stored_keys_are_a_list_of_names(file, keys):
    with h5py.File(file, "a") as opened:
        opened["data"].attrs["observation_keys"] = keys
    with pytest.raises(DemonstrationError, match="observation_keys must"):
        Demonstrations.load(file)


@pytest.mark.parametrize(
    "args",
    [
        {"robots": 3},
        {"controller_configs": "OSC_POSE"},
        {"controller_configs": [None, "x"]},
        {"controller_configs": {"body_parts": 7}},
        {"controller_configs": {"body_parts": {"right": 7}}},
    ],
)
def test_settings_of_odd_types_are_no_obstacle(tmp_path, args):
    described = env_args()
    described["env_kwargs"] |= args
    file = write_robomimic(tmp_path / "odd.hdf5", described)
    assert len(Demonstrations.load(file).trajectories) == 4
    assert summarise(str(file)).episodes == 4


def test_numbers_of_samples_are_counted_and_not_believed(file):
    with h5py.File(file, "a") as opened:
        opened["data"].attrs["total"] = 2**62
        opened["data/demo_0"].attrs["num_samples"] = -1
    assert [len(t) for t in Demonstrations.load(file).trajectories] == [5] * 4


@pytest.mark.parametrize("seed", range(40))
def test_corrupted_files_are_read_or_refused_in_one_line(file, seed):
    file.write_bytes(corrupt(file.read_bytes(), seed))
    for read in (Demonstrations.load, content_hash, summarise):
        with contextlib.suppress(ZprlError):  # anything else is a raw traceback
            read(str(file))


def test_json_has_bounds():
    assert parse_json('{"a": [1]}', "it must be JSON") == {"a": [1]}
    with pytest.raises(DemonstrationError, match="it must be JSON: Expecting value"):
        parse_json("", "it must be JSON")


@pytest.mark.parametrize("name", ["success", "is_success", "succeed"])
def test_an_episode_s_success_is_read_under_whichever_name(file, name):
    with h5py.File(file, "a") as opened:
        for index in range(4):
            opened[f"data/demo_{index}"].attrs[name] = index == 2
    told = [episode.success for episode in Demonstrations.load(file).trajectories]
    assert told == [False, False, True, False]
