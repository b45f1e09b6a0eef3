"""Ways of steering by name, and one's own by module:Class."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError
from zprl_env.steering.table import STEERINGS, check_options, find_steering, own_options
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.testing import LinearPolicy

OWN = '''
from typing import Any, ClassVar
from zprl_env.steering import Perturbed, Steering


class Offset(Steering):
    """Moves the first number of the latent."""

    place: ClassVar[str] = "first latent"
    defaults: ClassVar[dict[str, Any]] = {"noise": "zero"}

    def __init__(self, policy, *, scale=1.0, power: int = 1, **options):
        super().__init__(policy, **options)
        self.scale, self.power = scale, power

    @property
    def agent_dim(self):
        return 1

    def strength(self, actions):
        return abs(self.scale * actions[:, 0])

    def perturb(self, actions, latents, noise):
        moved = latents * 1.0
        moved[:, :1] += self.scale * actions**self.power
        return Perturbed(moved, noise)
'''


def test_every_row_says_what_it_moves_and_belongs_to_its_wrapper():
    for way in STEERINGS.values():
        assert way.core.place
        assert issubclass(way.wrapper, SteeringWrapper)
        assert way.wrapper.steering_class is way.core


def test_one_s_own_is_named_by_module_and_class(tmp_path, monkeypatch):
    (tmp_path / "my_steering_module.py").write_text(textwrap.dedent(OWN), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    name = "my_steering_module:Offset"
    way = find_steering(name)
    assert own_options(way.core) == ["power"]
    check_options(name, {"power": 3})
    env = way.wrapper(RecordingEnv(), LinearPolicy(3, 2), scale=0.5, power=3)
    assert env.action_space.shape == (1,)
    assert env.steering.noise == "zero"
    env.reset(seed=0)
    *_, info = env.step(np.ones(1))
    assert info["steering"]["ratio"] == 0.5


def test_what_is_no_way_of_steering_is_refused():
    with pytest.raises(UnknownNameError, match="unknown way of steering 'nois'; did you mean 'noi"):
        find_steering("nois")
    with pytest.raises(ConfigurationError, match=r"subclass of zprl_env\.steering\.Steering\. Got"):
        find_steering("math:tau")
    with pytest.raises(ZprlError, match=r"--steer latent has no options .* Got: bound\."):
        check_options("latent", {"bound": 1})
    with pytest.raises(UnknownNameError, match="option of --steer noise 'bound'; Known: 'noise_st"):
        check_options("noise", {"bound": 1})
    with pytest.raises(UnknownNameError, match="option of --steer joint 'bound'; did you mean 'no"):
        check_options("joint", {"bound": 1})
