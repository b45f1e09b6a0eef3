import dataclasses
import json

import pytest

from policies.errors import ConfigurationError, ZprlError
from policies.model.config import VibFlowConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be positive integers. Got: 0."),
        ({"latent_dim": True}, "latent_dim must be positive integers. Got: True."),
        ({"horizon": 8.0}, "horizon must be positive integers. Got: 8.0."),
        ({"bottleneck_hidden_dims": (256, -1)}, r"bottleneck_hidden_dims must be .* \(256, -1\)"),
        ({"head": "transformer"}, r"head must be one of \('mlp', 'unet'\). Got: 'transformer'."),
        ({"n_action_steps": 17}, "n_action_steps must be at most the horizon 16. Got: 17."),
        ({"embedding_dim": 7}, "embedding_dim must be even. Got: 7."),
        ({"head": "unet", "horizon": 10}, "horizon must be divisible by 4 .* Got: 10. Try 12."),
        ({"head": "unet", "unet_channels": (12, 16)}, "unet_channels must be multiples of 8."),
    ],
)
def test_impossible_sizes_are_refused_where_they_are_made(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        VibFlowConfig(**{"observation_dim": 19, "action_dim": 7, **changes})


def test_a_configuration_error_is_both_ours_and_a_value_error():
    assert issubclass(ConfigurationError, ZprlError)
    assert issubclass(ConfigurationError, ValueError)


def test_a_configuration_survives_json(small_config):
    text = json.dumps(dataclasses.asdict(small_config))
    assert VibFlowConfig.from_dict(json.loads(text)) == small_config


def test_unknown_entries_are_named():
    with pytest.raises(ConfigurationError, match=r"must have exactly the entries .*Got: .*depth"):
        VibFlowConfig.from_dict({"depth": 3})
