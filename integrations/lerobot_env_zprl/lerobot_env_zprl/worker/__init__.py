"""The side of the simulators: numpy, gymnasium and zprl-env alone."""
