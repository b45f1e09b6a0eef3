import json

import pytest

from policies.errors import ConfigurationError
from policies.pictures.config import EyesConfig
from policies.pictures.preprocessing import IMAGENET

EYES = EyesConfig.of(("front", "wrist"), (84, 96), "small")


def test_it_survives_json():
    assert EyesConfig.from_dict(json.loads(json.dumps(EYES.to_dict()))) == EYES


def test_a_pretrained_network_is_shown_what_it_was_trained_on():
    eyes = EyesConfig.of(("front",), (84, 84), "torch.nn:Identity")
    assert eyes.is_code
    assert (eyes.mean, eyes.std) == IMAGENET


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": []}, "cameras must be different names"),
        ({"cameras": ["state"]}, "cameras must be different names"),
        ({"encoder": "vgg"}, "encoder must be one of small, resnet18, or a class as module:Class"),
        ({"encoder": "os:system()"}, "encoder must be one of"),
        ({"camera_dim": 0}, "camera_dim must be a positive integer"),
        ({"crop_size": [16, 16]}, "crop_size must be at least 32 pixels high and wide"),
        ({"depth": 3}, "pictures of a model must have the entries"),
    ],
)
def test_impossible_eyes_are_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        EyesConfig.from_dict({**EYES.to_dict(), **changes})
