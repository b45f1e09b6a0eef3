"""Check a policy and an environment: ``python -m zprl_env.check``."""
