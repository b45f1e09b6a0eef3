"""Look through the laboratory's cameras, before a robot does: ``python -m real.cameras``."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from real.cameras.fitting import side_by_side
from real.cameras.wiring import make_rig
from zprl_env import cli
from zprl_env.errors import ConfigurationError
from zprl_env.files import write_whole


@dataclass(frozen=True)
class Look:
    """Open all cameras of a file at once, tell how fast they are, and show what they see."""

    devices: Path
    """YAML file of the laboratory's cameras by name, each a line such as "wrist: {kind: opencv,
    device: /dev/video0}"; kinds are opencv, realsense and file."""
    seconds: float = 3.0
    """Time to look [s]."""
    out: Path | None = None
    """PNG to write, the newest picture of each camera side by side."""

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds < 3600.0:
            raise ConfigurationError(f"seconds must lie above 0. Got: {self.seconds}.")


def look(settings: Look) -> list[str]:
    """Look through cameras for a while.

    Args:
        settings: Which ones.

    Returns:
        A line on each: size, pictures per second, age of the oldest picture, and what is wrong.

    Raises:
        CameraError: One of them is not there.
        ConfigurationError: The file is none of cameras.
    """
    with closing(make_rig(settings.devices)) as rig:
        rig.connect()
        counts = {name: reader.count for name, reader in rig.readers.items()}
        oldest = dict.fromkeys(rig.readers, 0.0)
        begin = time.monotonic()
        while time.monotonic() - begin < settings.seconds:
            time.sleep(0.01)
            oldest = {name: max(oldest[name], age) for name, age in rig.ages().items()}
        took = time.monotonic() - begin
        lines = []
        for name, reader in rig.readers.items():
            picture = rig.pictures([name])[name]
            wrong = reader.fault(0.5, 10)
            lines.append(
                f"{name}: {picture.shape[0]} x {picture.shape[1]}, "
                f"{(reader.count - counts[name]) / took:.1f} pictures/s, at most "
                f"{1e3 * oldest[name]:.0f} ms old, mean brightness {picture.mean():.0f} of 255"
                f"{f'. {wrong}' if wrong else ''}"
            )
        if settings.out is not None:
            from PIL import Image

            shown = side_by_side([*rig.pictures([*rig.readers]).values()])
            image = Image.fromarray(shown)
            write_whole(settings.out, lambda file: image.save(file, "PNG"))
            lines.append(f"made {settings.out}")
    return lines


EXAMPLES = ("--devices cameras.yaml --out cameras.png",)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(*look(cli.parse(Look, EXAMPLES)), sep="\n"))


if __name__ == "__main__":
    main()
