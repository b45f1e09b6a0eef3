"""Check a policy and an environment of one's own: ``python -m zprl_env.check``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from policies.foreign.addresses import in_interpreter
from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.tasks import find_task


@dataclass(frozen=True)
class Check:
    """Check a policy and an environment against everything that steering relies on.

    Both are tried out: some dozens of steps are taken, so look that nothing is in the way of a
    robot. Every fault is named; the exit code is 2 if there is one.
    """

    env: str = "Lift"
    """Environment: a task, any gymnasium id (package:Id-v0 imports the package), or
    module:callable."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment; values are JSON or words."""
    policy: str | None = None
    """Policy: a checkpoint folder, a shipped name, hf://user/name, or module:callable; the task's
    own if not given."""
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python, where what it needs
    does not live beside the simulators; it is started by itself and ends with this command."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    seed: int = 0
    """Seed of the questions and of the episodes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        find_task(self.env)
        cli.settings(self.env_kwargs)


def check(settings: Check) -> None:
    """Check both, and print what was looked at and what is worth a look.

    Args:
        settings: The command line.

    Raises:
        ZprlError: There are faults; all of them are named.
    """
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.seeing.environment import make_env_for
    from zprl_env.testing import check_env_fits, check_policy
    from zprl_env.testing.environment import CHECKS as OF_ENV
    from zprl_env.testing.policy import CHECKS as OF_POLICY

    name = settings.policy or settings.env
    policy = resolve_policy(name, settings.policy_class)
    faults: list[str] = []
    env_kwargs = cli.settings(settings.env_kwargs)
    with closing(make_env_for(policy, settings.env, **env_kwargs)) as env:
        for what, of, checks in (("env", settings.env, OF_ENV), ("policy", name, OF_POLICY)):
            try:
                if what == "env":
                    notes = check_env_fits(env, seed=settings.seed)
                else:
                    notes = check_policy(policy, env, seed=settings.seed)
            except ZprlError as error:
                faults.append(str(error))
                continue
            print(f"{what} {of}: all {len(checks)} checks passed")
            for note in dict.fromkeys(notes):
                print(f"  note: {note}")
    if faults:
        raise ZprlError(" ".join(faults))


EXAMPLES = (
    "--policy my_lab:make_policy --env my_lab:make_env",
    "--policy my_policy --env Lift",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: check(cli.parse(Check, EXAMPLES)))


if __name__ == "__main__":
    main()
