"""Packaging of the plugin: newer versions of LeRobot find it by the beginning of its name."""

from setuptools import setup

setup(
    name="lerobot_env_zprl",
    version="0.1.0",
    description="Environments of zprl-env as environments of LeRobot's",
    python_requires=">=3.10",
    packages=["lerobot_env_zprl", "lerobot_env_zprl.worker"],
    install_requires=["gymnasium>=1.0", "numpy"],
)
