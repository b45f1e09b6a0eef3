"""A device with events for tests; LeRobot's factory finds its class by this module's name."""

from __future__ import annotations

from dataclasses import dataclass

from lerobot.teleoperators import Teleoperator, TeleoperatorConfig

from tests.lerobot.leaderofatest import LeaderOfATest


@TeleoperatorConfig.register_subclass("pad_of_a_test")
@dataclass
class PadOfATestConfig(TeleoperatorConfig):
    pass


class PadOfATest(LeaderOfATest):
    """A device that moves the tool and has events, as LeRobot's gamepad."""

    config_class = PadOfATestConfig
    name = "pad_of_a_test"
    events: dict = {}  # noqa: RUF012

    def __init__(self, config):
        Teleoperator.__init__(self, config)
        self._calibrated, self._connected = True, False

    action_features = property(
        lambda self: {
            "dtype": "float32",
            "shape": (4,),
            "names": {"delta_x": 0, "delta_y": 1, "delta_z": 2, "gripper": 3},
        }
    )

    def get_action(self):
        return {"delta_x": 0.5, "delta_y": 0.0, "delta_z": -3.0, "gripper": 0}

    def get_teleop_events(self):
        return self.events
