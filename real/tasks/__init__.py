"""Robot tasks: presets, their files, and the layouts of actions and observations."""
