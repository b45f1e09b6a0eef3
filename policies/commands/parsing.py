"""Parse a command line into a dataclass with tyro, for every command alike.

What is added to tyro: suggestions, whole numbers such as 1e5, the command's name as it was called,
help that fits the terminal and ends with examples, and ``--version``.
"""

from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any, get_args

from policies.commands.checking import attached, check_words
from policies.commands.numbers import whole
from policies.commands.page import Page, columns, examples, wrapped
from policies.errors import ZprlError


def parse(
    settings: Any,
    shown: Sequence[str] = (),
    *,
    arguments: Sequence[str] | None = None,
    default: Any = None,
    description: str | None = None,
    prog: str | None = None,
) -> Any:
    """Read a command line.

    Args:
        settings: The dataclass to make, or a union of some, one per subcommand.
        shown: Examples for the end of ``--help``: arguments, and what they do after a ``#``.
        arguments: The command line without the program's name; the process's own if not given.
        default: An instance whose values are the defaults.
        description: What ``--help`` says first; the dataclass's docstring if not given.
        prog: The command's name; as it was called if not given.

    Returns:
        The dataclass.

    Raises:
        ZprlError: There is no such flag or choice, and the one that was probably meant is named; or
            a value is missing or cannot be read.
        SystemExit: Help or the version was asked for.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = prog or program()
    if "--version" in words:
        from policies.checkpoints.output import package_version

        print(f"zprl-env {package_version()}")
        raise SystemExit(0)
    check_words(words, settings, name, default)
    words = attached(words)
    import tyro  # here, so that listing the commands does not wait for it

    options: dict[str, Any] = {"prog": name, "description": description}
    options |= {} if default is None else {"default": default}
    if not {"-h", "--help"} & {*words}:
        with _told_in_a_sentence(name):
            return tyro.cli(settings, args=words, registry=_registry(), **options)
    page = Page()
    try:
        with redirect_stdout(page):
            return tyro.cli(settings, args=words, registry=_registry(), **options)
    finally:
        width = columns()
        for line in (*wrapped(page.getvalue(), width), *examples(name, shown, width)):
            print(line)


@contextmanager
def _told_in_a_sentence(prog: str) -> Iterator[None]:
    """Raise what tyro refuses, of which it draws a box on stderr, as our other errors are.

    Raises:
        ZprlError: It refused something.
    """
    box = io.StringIO()
    try:
        with redirect_stderr(box):
            yield
    except SystemExit as error:
        if isinstance(error.__context__, ZprlError):  # of the settings' own checks
            raise error.__context__ from None
        raise ZprlError(f"{sentence(box.getvalue())} Try {prog} --help.") from None
    sys.stderr.write(box.getvalue())


def sentence(box: str) -> str:
    r"""Say in a sentence what stands in a box of tyro's, before its first rule.

    >>> sentence("╭─ Value error ─╮\n│ No such  │\n│ thing    │\n│ ──── │\n│ Help │\n╰────╯")
    'No such thing.'
    """
    rows = [line.strip(" │") for line in box.splitlines()]
    text = dropwhile(_is_rule, rows[1:])  # without UTF-8 there is one below the title as well
    said = " ".join(" ".join(takewhile(lambda row: not _is_rule(row), text)).split()).rstrip(".")
    return f"{said or 'The command line cannot be read'}."


def _is_rule(row: str) -> bool:
    return bool(row) and not row.strip("─-")


def program(module: str | None = None) -> str:
    """Name the command that is running as its user called it: ``python -m ...``, or ``zprl ...``.

    Args:
        module: What ``python -m`` runs it by; found out if not given.

    >>> program("zprl_env.doctor")
    'python -m zprl_env.doctor'
    """
    called = sys.argv[0]
    if called.startswith("zprl "):
        return called
    if (script := Path(called).name).startswith("zprl-"):
        return script
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if module is None and spec is None:
        return f"python {called}"
    running = module or str(getattr(spec, "name", ""))
    return f"python -m {running.removesuffix('.__main__')}"


def _registry() -> Any:
    """Make the rules that this project adds to tyro's."""
    from tyro.constructors import (
        ConstructorRegistry,
        PrimitiveConstructorSpec,
        PrimitiveTypeInfo,
        StructConstructorSpec,
        StructTypeInfo,
    )

    registry = ConstructorRegistry()
    asking: list[Any] = []

    def others(ask: Callable[[Any], Any], info: Any) -> Any:
        """Ask tyro's own rules, during which those made here stand aside."""
        asking.append(info)
        try:
            return ask(info)
        finally:
            asking.clear()

    @registry.primitive_rule
    def integers(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[int] | None:
        if info.type is not int:
            return None
        return PrimitiveConstructorSpec(
            nargs=1,
            metavar="INT",
            instance_from_str=lambda words: whole(words[0]),
            is_instance=lambda value: isinstance(value, int) and not isinstance(value, bool),
            str_from_instance=lambda value: [str(value)],
        )

    @registry.primitive_rule
    def optional(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
        """Leave None out of what help says of a value that need not be given."""
        if asking or type(None) not in get_args(info.type):
            return None
        spec = others(ConstructorRegistry.get_primitive_spec, info)
        if not isinstance(spec, PrimitiveConstructorSpec):
            return None
        return dataclasses.replace(spec, metavar=spec.metavar.replace("{None}|", ""))

    @registry.struct_rule
    def flowing(info: StructTypeInfo) -> StructConstructorSpec | None:
        """Join the lines of fields' docstrings, which tyro keeps as they are in the source."""
        if asking or not dataclasses.is_dataclass(info.type):
            return None
        spec = others(ConstructorRegistry.get_struct_spec, info)
        if not isinstance(spec, StructConstructorSpec):
            return None
        fields = [dataclasses.replace(f, helptext=_joined(f.helptext)) for f in spec.fields]
        return dataclasses.replace(spec, fields=tuple(fields))

    return registry


def _joined(text: Any) -> str | None:
    said = text() if callable(text) else text
    return None if said is None else " ".join(said.split())
