"""Publish or fetch a policy on the Hugging Face hub: ``python -m zprl_env.hub push|pull``."""

from __future__ import annotations

from zprl_env.deploy.publish import main, pull, push_to_hub
from zprl_env.loading.hub import HubError, from_hub

__all__ = ["HubError", "from_hub", "pull", "push_to_hub"]

if __name__ == "__main__":
    main()
