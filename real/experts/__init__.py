"""Scripted experts for the robot tasks."""
