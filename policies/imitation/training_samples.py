"""Training samples of demonstrations: of states, or of cameras' frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from policies.demonstrations import Demonstrations
from policies.errors import DemonstrationError
from policies.imitation.config import BottleneckConfig, PretrainConfig
from policies.imitation.picture_samples import PictureSamples
from policies.imitation.samples import Samples, chunk_samples
from policies.pictures.config import EyesConfig


@contextmanager
def training_samples(
    demonstrations: Demonstrations, config: PretrainConfig, say: Callable[[str], object]
) -> Iterator[Samples | PictureSamples]:
    """Open the samples that settings ask for: states, or frames with proprioception.

    Args:
        demonstrations: The episodes.
        config: Settings.
        say: Is told where frames are kept.

    Raises:
        DemonstrationError: Frames are asked for, and there are none.
    """
    settings, eyes = demonstrations.picture_settings, None
    if config.sees:
        if settings is None:
            raise DemonstrationError(
                f"demonstrations must have cameras' frames for the encoder {config.encoder!r}. "
                "Got: states alone. Load them with cameras=(), or record with --cameras."
            )
        eyes = config.eyes(settings.cameras, settings.image_size)
    with samples_of(demonstrations, config.horizon, config, eyes, say) as samples:
        yield samples


@contextmanager
def samples_of(
    demonstrations: Demonstrations,
    horizon: int,
    config: BottleneckConfig,
    eyes: EyesConfig | None,
    say: Callable[[str], object] = lambda text: None,
) -> Iterator[Samples | PictureSamples]:
    """Open samples of states, or of the frames of a policy's eyes.

    Args:
        demonstrations: The episodes.
        horizon: Length of a chunk, H.
        config: Settings.
        eyes: Cameras and crop; ``None`` for states.
        say: Is told where frames are kept.
    """
    if eyes is None:
        yield chunk_samples(demonstrations, horizon, config)
        return
    with PictureSamples(demonstrations, horizon, config, eyes.preprocessing, say) as samples:
        yield samples
