"""What is asked of another process comes back, even if it fails, dies or hangs."""

import signal

from zprl_env.doctor.child import _end, ask


def test_a_probe_that_fails_gives_its_error_and_its_traceback():
    answer = ask("suite", "Lfit", timeout=600)
    assert answer.error.startswith("UnknownNameError: unknown environment 'Lfit'")
    assert "Traceback" in answer.trace
    assert not answer.died


def test_a_probe_s_answer_is_what_it_found():
    answer = ask("learning", timeout=600)
    assert (answer.error, answer.died) == ("", False)
    assert answer.values


def test_who_does_not_answer_in_time_is_given_up():
    answer = ask("learning", timeout=0.001)
    assert (answer.error, answer.died) == ("no answer within 0.001 s", True)


def test_a_python_that_ends_early_is_told_with_its_last_words(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os; os.write(2, b'no more\\n'); os._exit(3)")
    answer = ask("learning", timeout=600, env={"PYTHONPATH": str(tmp_path)})
    assert answer.died
    assert (answer.error, answer.trace) == ("ended with code 3: no more", "no more")


def test_every_signal_has_its_name():
    assert _end(-signal.SIGABRT, ["not shown"]) == "killed by SIGABRT"
