"""Layout of demonstrations as features of LeRobot's: which observation goes where."""

# mypy: disable-error-code="func-returns-value, arg-type"

from dataclasses import replace

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


def test_the_names_and_the_rate_of_gym_pusht_are_known():
    arm = small_demonstrations(())
    names = {"robot0_eef_pos": "agent_pos", "object": "environment_state"}
    episodes = tuple(
        replace(episode, observations={names[k]: v for k, v in episode.observations.items()})
        for episode in arm.trajectories
    )
    made = {"env_name": "gym_pusht/PushT-v0", "type": 2, "env_kwargs": {}, "rate": 10.0}
    pushed = replace(
        arm, trajectories=episodes, observation_keys=tuple(names.values()), env_args=made
    )
    layout = layout_of(pushed, LerobotSettings())
    assert layout.fps == 10.0
    assert layout.features()["observation.state"]["shape"] == [3]
    assert layout.features()["observation.environment_state"]["shape"] == [2]
