"""Packaging of the plugin: LeRobot finds it by the beginning of its name."""

from setuptools import setup

setup(
    name="lerobot_policy_zprl",
    version="0.1.0",
    description="Steered policies of zprl-env as policies of LeRobot's",
    python_requires=">=3.10",
    packages=["lerobot_policy_zprl"],
    install_requires=["filelock", "gymnasium>=1.0", "numba", "numpy", "safetensors", "scipy"],
)
