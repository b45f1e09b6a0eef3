import pytest

from zprl_env import cli
from zprl_env.errors import ZprlError


def failing_with(error):
    def main():
        raise error

    return main


def test_an_error_of_ours_becomes_one_line_and_exit_code_two(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.run(failing_with(ZprlError("x must be y. Got: z")))
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == "error: x must be y. Got: z\n"


def test_an_interruption_exits_as_shells_expect():
    with pytest.raises(SystemExit) as exit_info:
        cli.run(failing_with(KeyboardInterrupt()))
    assert exit_info.value.code == 130


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run(failing_with(ZeroDivisionError()))
