"""Whether this installation works, part by part: ``python -m zprl_env.doctor``."""
