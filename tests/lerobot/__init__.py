"""Tests with the real LeRobot, in its own interpreter: ``make test-lerobot``."""
