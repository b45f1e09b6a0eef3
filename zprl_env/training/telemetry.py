"""Telemetry of steering by its public name; see `zprl_env.training.watch.telemetry`."""

from __future__ import annotations

from zprl_env.training.watch.telemetry import SteeringTelemetry

__all__ = ["SteeringTelemetry"]
