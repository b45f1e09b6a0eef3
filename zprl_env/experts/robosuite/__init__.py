"""Scripted experts for robosuite's tasks."""
