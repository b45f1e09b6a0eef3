import io
import json

import h5py
import pytest
from PIL import Image
from rich.console import Console

from policies.checkpoints.pickled import recognise
from policies.demonstrations.summary import summarise
from policies.errors import DemonstrationError
from policies.inspect import draw_contact_sheet, draw_summary, print_summary, print_tensors
from tests.helpers.warm import run_warm


def printed(summary):
    text = io.StringIO()
    print_summary(summary, Console(file=text, width=160))
    return text.getvalue()


def test_the_tables_tell_it(toy_file):
    text = printed(summarise(str(toy_file)))
    for part in ("2 of 3 (67%)", "12; 3 to 5 per episode", "eye: 8 x 6 x 3 uint8", '"[Toy]"'):
        assert part in text
    rows = [line for line in text.splitlines() if line.startswith(("│ 0", "│ 1"))]
    assert [float(cell) for cell in rows[0].split("│")[2:6]] == [0.0, 0.748, -1.0, 1.0]
    assert [row.split("│")[6].strip() for row in rows] == ["50.0%", "0.0%"]


def test_a_file_that_training_refuses_can_be_seen_with_the_reason(toy_file):
    with h5py.File(toy_file, "a") as opened:
        args = {"type": 1, "env_name": "Lift", "env_version": "1.4.1", "env_kwargs": {}}
        opened["data"].attrs["env_args"] = json.dumps(args)
        del opened["data/demo_0/obs"]
    text = printed(summarise(str(toy_file)))
    assert "training refuses it: it was recorded with robosuite 1.4.1" in text
    assert "it has no observations" in text
    assert "its arrays are not those it was sealed with" in text


def test_the_picture_shows_lengths_and_every_action(toy_file, tmp_path):
    draw_summary(summarise(str(toy_file)), tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DemonstrationError, match="cannot write the picture"):
        draw_summary(summarise(str(toy_file)), tmp_path / "nowhere" / "toy.png")


def test_the_command_prints_and_draws_beside_the_file(toy_file):
    done = run_warm("-m", "policies.inspect", toy_file)
    assert "2 of 3 (67%)" in done.stdout
    assert done.stderr == ""
    assert toy_file.with_suffix(".png").is_file()
    done = run_warm("-m", "policies.inspect", "none.hdf5")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_frames_are_shown_on_a_contact_sheet_and_bad_ones_named(dots_file):
    with h5py.File(dots_file, "a") as opened:
        opened["data/demo_2/obs/top_image"][:] = 0
    done = run_warm("-m", "policies.inspect", dots_file)
    said = " ".join(done.stdout.replace("│", " ").split())
    assert "top: 36 x 36 x 3 uint8" in said
    assert "learning from cameras refuses demo_2: camera top is black or of one colour" in said
    assert "drew" in said
    with Image.open(dots_file.with_name("dots-cameras.png")) as sheet:
        assert sheet.size == (8 * 40, 6 * 44)


def test_a_contact_sheet_needs_frames(tmp_path, linear_demonstrations):
    linear_demonstrations.save(tmp_path / "states.hdf5")
    with pytest.raises(DemonstrationError, match="there must be frames, uint8 of shape"):
        draw_contact_sheet(str(tmp_path / "states.hdf5"), tmp_path / "sheet.png")


def test_the_tensors_of_a_torch_file_are_listed(tmp_path, capsys):
    import torch

    torch.save({"ema": {"weight": torch.ones(2, 3)}, "epoch": 3}, tmp_path / "a.pt")
    pickled = recognise(tmp_path / "a.pt")
    assert pickled is not None
    print_tensors(pickled)
    said = capsys.readouterr().out
    assert "ema.weight" in said
    assert "2 x 3" in said
    assert "float32" in said
