"""Settings of a recording: what has no effect is refused before anything is performed."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.errors import ConfigurationError, DemonstrationError, ZprlError
from tests.helpers.point import PointEnv
from zprl_env.experts.record import record
from zprl_env.experts.recording import Recording

OUT = Path("demos.hdf5")


class Timeless(PointEnv):
    """An environment that does not say how fast it is."""

    metadata = {}  # noqa: RUF012


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"run": "runs", "skill": "poor"}, "skill must come with a scripted expert, which --run"),
        ({"run": "runs", "expert": "a:B"}, "expert must come with a scripted expert"),
        ({"policy": "Lift", "trust": True}, r"policy, trust must come with --run\. Got: Lift\."),
        ({"fps": 20.0}, r"fps and instruction must be .* Got: format hdf5\. Try --format lerobot"),
    ],
)
def test_options_without_effect_are_refused(given, message):
    with pytest.raises(ZprlError, match=message):
        Recording(OUT, **given)


def test_the_environment_is_the_run_s_and_else_lift():
    assert Recording(OUT).env == "Lift"
    assert Recording(OUT, run="runs").env is None


def test_an_interpreter_of_the_policy_s_becomes_its_address():
    python = "/opt/lerobot/bin/python"
    made = Recording(OUT, run="runs", policy="lerobot:last", policy_python=python)
    assert made.policy == f"python:{python}:lerobot:last"
    with pytest.raises(ConfigurationError, match="must come with a --policy"):
        Recording(OUT, run="runs", policy_python=python)


def test_a_dataset_without_a_rate_is_refused_before_anything_is_performed(tmp_path):
    pytest.importorskip("pyarrow", reason="needs the lerobot extra")
    expert = "tests.helpers.point:PointExpert"
    asked = Recording(tmp_path / "data", f"{__name__}:Timeless", expert=expert, format="lerobot")
    assert asked.file == tmp_path / "data.hdf5"
    assert asked.conversion(asked.file, 15.0).fps == 15.0  # type: ignore[union-attr]
    with pytest.raises(DemonstrationError, match=r"Got: none, as .*:Timeless states none"):
        record(asked)
    assert not [*tmp_path.iterdir()]
