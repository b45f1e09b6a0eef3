"""A leader arm for tests; LeRobot's factory finds its class by this module's name."""

from __future__ import annotations

from dataclasses import dataclass

from lerobot.teleoperators import Teleoperator, TeleoperatorConfig

NAMES = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")


@TeleoperatorConfig.register_subclass("leader_of_a_test")
@dataclass
class LeaderOfATestConfig(TeleoperatorConfig):
    calibrated: bool = True


class LeaderOfATest(Teleoperator):
    """A leader arm whose joints a test sets, made by LeRobot's own factory."""

    config_class = LeaderOfATestConfig
    name = "leader_of_a_test"
    places = dict.fromkeys(NAMES, 0.0)

    def __init__(self, config):
        super().__init__(config)
        self._calibrated, self._connected = config.calibrated, False

    action_features = property(lambda self: {f"{name}.pos": float for name in NAMES})
    feedback_features = property(lambda self: {})
    is_connected = property(lambda self: self._connected)
    is_calibrated = property(lambda self: self._calibrated)

    def connect(self, calibrate=True):
        assert not calibrate
        self._connected = True

    def calibrate(self):
        raise AssertionError

    def configure(self):
        pass

    def get_action(self):
        return {f"{name}.pos": value for name, value in self.places.items()}

    def send_feedback(self, feedback):
        pass

    def disconnect(self):
        self._connected = False
