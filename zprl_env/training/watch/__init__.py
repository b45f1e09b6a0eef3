"""Watching a run: progress, evaluation, telemetry, report, trackers."""
