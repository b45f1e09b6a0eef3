"""A trainer that is to be killed: ``python -m tests.helpers.robots.trainer TASK URL OUT``."""

from __future__ import annotations

import sys

from real.env import RealRobotEnv
from real.recording import EpisodeRecorder


def main(task: str, url: str, out: str) -> None:
    env = RealRobotEnv(task, driver="remote", url=url, timeout=5.0, recorder=EpisodeRecorder(out))
    env.reset(seed=0)
    env.action_space.seed(0)
    while True:
        env.step(env.action_space.sample())
        print("step", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
