"""The simulated robot: arms, tasks and what goes wrong."""
