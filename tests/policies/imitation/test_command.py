"""A command ends with an exit code and a line."""

import pytest

from policies.errors import ZprlError
from policies.imitation.command import run_command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ZprlError("it must be so"), 2, "error: it must be so\n"),
        (KeyboardInterrupt(), 130, "int"),
    ],
)
def test_an_error_is_a_line_and_a_code(error, code, said, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as caught:
        run_command(main)
    assert caught.value.code == code
    assert capsys.readouterr().err.startswith(said)


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)
