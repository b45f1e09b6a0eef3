"""Result of one check: its state, what was found, and advice."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "missing", "warning", "broken"]
"""``missing`` is optional and not there; ``broken`` is there and does not work."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. Its text names neither users nor their folders.

    Attributes:
        name: What was looked at.
        state: How it is.
        text: What was found.
        advice: What to do about it; empty if nothing.
        trace: The traceback, where there is one; it is kept in the JSON file alone.

    >>> Finding("robosuite", "ok", "/home/ada/robots").text
    '~/robots'
    """

    name: str
    state: State
    text: str
    advice: str = ""
    trace: str = ""

    def __post_init__(self) -> None:
        for field in ("text", "trace"):
            object.__setattr__(self, field, without_private_paths(getattr(self, field)))


def without_private_paths(text: str) -> str:
    """Shorten folders, so that neither users nor their places are named.

    >>> without_private_paths("neither /root/demos nor /Users/ada/a.json nor /etc/hosts")
    'neither ~/demos nor ~/a.json nor /etc/hosts'
    """
    import zprl_env

    folders = {
        sys.prefix: "<python>",
        str(Path(zprl_env.__file__).parents[1]): "<package>",
        str(Path.cwd()): ".",
        os.path.expanduser("~"): "~",
    }
    for folder in sorted(folders, key=len, reverse=True):  # a home may hold all the others
        if folder != "/":
            text = re.sub(rf"{re.escape(folder)}(?![\w.-])", folders[folder], text)
    return re.sub(r"(?<![\w.])/(?:(?:home|Users)/[^/\s'\"]+|root)(?![\w.-])", "~", text)
