"""Robot tasks: presets, their files, and what actions and observations mean."""
