"""Layout of demonstrations as features of LeRobot's: which observation goes where."""

# mypy: disable-error-code="func-returns-value, arg-type"

from policies.demonstrations.lerobot.layout import LerobotSettings, layout_of
from tests.helpers.lerobot_data import small_demonstrations


def test_what_an_arm_feels_is_its_state_and_objects_are_the_environment_s():
    layout = layout_of(small_demonstrations(), LerobotSettings())
    features = layout.features()
    assert features["observation.state"]["shape"] == [3]
    assert features["observation.environment_state"]["shape"] == [2]
    assert features["action"]["shape"] == [2]
    assert {"observation.images.top", "observation.images.wrist"} <= features.keys()
    vectors = layout.vectors(small_demonstrations().trajectories[0])
    assert vectors["observation.state"].shape == (4, 3)
