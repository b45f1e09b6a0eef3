"""Robots: one file each, all of them :class:`real.robot.Robot`."""
