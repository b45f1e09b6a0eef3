"""How large a perturbation should be: ``python -m zprl_env.calibrate``."""
