"""Scripted experts for Adroit's hand: door, hammer, pen."""
