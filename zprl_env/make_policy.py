"""Make a task's base policy: ``python -m zprl_env.make_policy --env Lift --out lift``."""

from __future__ import annotations

from zprl_env.base_policies.make import Making, main, make_policy

__all__ = ["Making", "make_policy"]

if __name__ == "__main__":
    main()
