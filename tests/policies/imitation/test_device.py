import pytest
import torch

from policies.errors import ConfigurationError
from policies.imitation.device import (
    mixed_precision,
    resolve_device,
    resolve_threads,
    torch_threads,
)


def test_small_networks_stay_on_the_cpu_and_pictures_take_a_gpu_if_there_is_one():
    assert resolve_device("auto") == "cpu"
    assert resolve_device("auto", pictures=True) in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "cpu:7", "", "cuda:-1"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(device):
    with pytest.raises(ConfigurationError, match=f"torch has: cpu.*Got: '{device}'"):
        resolve_device(device)


def test_threads_are_those_asked_for_within_the_block_alone():
    assert resolve_threads(0) == 1
    assert 1 <= resolve_threads(0, pictures=True) <= 8
    before = torch.get_num_threads()
    with torch_threads(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


def test_precision_is_mixed_on_a_gpu_alone():
    with mixed_precision("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
