"""Check the installation, part by part: ``python -m zprl_env.doctor``."""
