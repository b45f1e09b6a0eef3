import subprocess
import sys

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


SAYS = (
    "import sys; from zprl_env import cli\n"
    "def main():\n"
    "    for _ in range(3): print('x' * 100_000, flush=True); print('y', file=sys.stderr)\n"
    "    open(sys.argv[1], 'w').write('all of it')\n"
    "    print('end')\n"
    "cli.run(main)"
)


@pytest.mark.parametrize(
    "listener", ["| head -c 1", ">&-", "2>&-", ">&- 2>&-", "> /dev/full", "2> /dev/full", "<&- >&-"]
)
def test_a_command_goes_on_when_nobody_listens_any_more(listener, tmp_path):
    command = f'"{sys.executable}" -c "$0" "$1" {listener}'
    if listener[0] == "|":
        command = f"set -o pipefail; {command}"
    done = subprocess.run(
        ["bash", "-c", command, SAYS, str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        check=False,
    )
    # A reader that has gone is no error; a disk that is full below stdout is one, told at the end.
    assert done.returncode == (2 if listener == "> /dev/full" else 0), done.stderr
    assert (tmp_path / "kept").read_text() == "all of it"
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_streams_are_as_they_were_afterwards(capsys):
    before = sys.stdout, sys.stderr
    cli.run(lambda: print("heard"))
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == "heard\n"
