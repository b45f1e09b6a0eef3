import pytest

from policies.errors import DemonstrationError
from policies.imitation.config import PretrainConfig
from policies.imitation.picture_samples import PictureSamples
from policies.imitation.samples import Samples
from policies.imitation.training_samples import training_samples


def test_the_encoder_decides_what_is_learned_from(dots_seen, linear_demonstrations):
    with training_samples(dots_seen, PretrainConfig(horizon=4), print) as samples:
        assert isinstance(samples, Samples)
    seeing = PretrainConfig(horizon=4, encoder="small", crop=32)
    with training_samples(dots_seen, seeing, print) as samples:
        assert isinstance(samples, PictureSamples)
    with (
        pytest.raises(DemonstrationError, match="must have cameras' frames for the enc"),
        training_samples(linear_demonstrations, seeing, print),
    ):
        pass
