"""Weights, loaded strictly."""

import pytest
import torch
from safetensors.torch import save_file

from policies.errors import CheckpointError
from policies.foreign.lerobot.weights import load_weights, read_weights


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
        self.two.weight = self.one.weight


def sound():
    return {"one.weight": torch.ones(2, 2), "one.bias": torch.ones(2), "two.bias": torch.ones(2)}


def test_a_tied_weight_alone_may_be_missing(tmp_path):
    module = Tied()
    load_weights(module, sound(), tmp_path)
    assert module.two.weight.sum() == 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"one.bias": None}, "Missing: one.bias. Unknown: none"),
        ({"one.weight": None}, "Missing: one.weight, two.weight"),
        ({"three.weight": torch.ones(1)}, "Unknown: three.weight"),
        ({"one.bias": None, "uno.bias": torch.ones(2)}, "Missing: one.bias. Unknown: uno.bias"),
        ({"one.bias": torch.ones(3)}, r"must have shape \(2,\) by config.json. Got: \(3,\)"),
        ({"one.bias": torch.tensor([1.0, float("nan")])}, "one.bias in .* must be finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(tmp_path, changes, told):
    weights = {name: value for name, value in (sound() | changes).items() if value is not None}
    with pytest.raises(CheckpointError, match=told):
        load_weights(Tied(), weights, tmp_path)


def test_names_of_a_compiled_module_are_those_of_the_plain_one(tmp_path):
    save_file({"unet._orig_mod.weight": torch.ones(1)}, tmp_path / "model.safetensors")
    assert [*read_weights(tmp_path)[0]] == ["unet.weight"]


def test_a_pickle_is_not_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(CheckpointError, match=r"Got: pytorch_model.bin. Pickles are not opened"):
        read_weights(tmp_path)


def test_half_a_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match="complete safetensors file"):
        read_weights(tmp_path)
