"""Choose lambda, the size of perturbations, before training: ``python -m zprl_env.calibrate``."""
