"""Export a training run for deployment: ``python -m zprl_env.export``."""

from __future__ import annotations

from zprl_env.deploy.export import Export, export, main

__all__ = ["Export", "export"]

if __name__ == "__main__":
    main()
