"""A policy that keeps an arm on a circle and takes as long as it is told to decide."""

from __future__ import annotations

import time

import numpy as np

from policies.encoding import Encoding
from real.tasks.layout import ObservationLayout
from real.tasks.preset import Preset

RADIUS, TURNS = 0.08, 0.25
"""Radius [m] and turns per second of the circle: an arm on it is never at rest, at 0.13 m/s."""
LEAD = 0.2
"""Time by which an arm is behind what it is asked for, which the policy allows for [s]."""


class CirclingPolicy:
    """Frozen policy that goes on along a horizontal circle around home, from wherever the arm is.

    Its latent of one number turns the circle's direction by nothing: it is there to be steered.

    Args:
        preset: The task, whose actions are positions, quaternions and grippers.
        seconds: Time that decoding takes [s].
        horizon: Actions of a chunk.
        n_action_steps: Of these, those between two decisions.
    """

    feature_dim, latent_dim = 2, 1

    def __init__(self, preset: Preset, seconds: float, horizon: int, n_action_steps: int) -> None:
        layout = ObservationLayout(preset)
        self.observation_dim = layout.size
        self.horizon, self.n_action_steps, self.action_dim = horizon, n_action_steps, 8
        self._place = layout.keys["position"]
        self._seconds, self._scale = seconds, preset.action_scale.position
        self._centre = np.array(preset.arms[0].home.position[:2])
        self._step = 2.0 * np.pi * TURNS / preset.rate
        self._lead = 2.0 * np.pi * TURNS * LEAD
        self._features = np.zeros((1, 2), np.float32)

    def encode(self, observations: np.ndarray) -> Encoding:
        """Return where the arm is, from the circle's centre."""
        here = np.asarray(observations)[:, self._place][:, :2] - self._centre
        still = np.zeros((len(here), 1), np.float32)
        # What is decoded depends on the latent alone: the angle, which the mean is.
        angle = np.arctan2(here[:, 1:], here[:, :1]).astype(np.float32)
        return Encoding(here.astype(np.float32), angle, still)

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Take the time that was asked for, and go on from an angle."""
        time.sleep(self._seconds)
        steps = self._lead + self._step * np.arange(1, self.horizon + 1)
        angles = latents[:, :1] + steps
        chunk = np.zeros((len(latents), self.horizon, self.action_dim), np.float32)
        chunk[:, :, 0] = RADIUS / self._scale * np.cos(angles)
        chunk[:, :, 1] = RADIUS / self._scale * np.sin(angles)
        chunk[:, :, 4], chunk[:, :, 7] = 1.0, 1.0  # fingers down, gripper open
        return chunk
