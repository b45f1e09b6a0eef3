"""Stopping a robot: how soon it stands, and whether it does whatever fails."""
