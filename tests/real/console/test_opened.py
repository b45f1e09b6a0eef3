"""A console is opened beside a command where one is wanted, and ends by itself after it."""

from __future__ import annotations

import socket

import pytest

from real.console import opened
from real.console.opened import free_port, opened_console
from zprl_env.errors import MissingExtraError


def test_none_is_opened_unless_it_is_wanted():
    with opened_console(False, {}) as desk:
        assert desk is None


def test_what_is_missing_is_told_before_anything_is_opened(monkeypatch):
    monkeypatch.setattr(opened.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"zprl-env\[console\]"), opened_console(True, {}):
        pass


def test_a_port_that_is_taken_is_passed_over():
    with socket.create_server((opened.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) <= port + 20
    assert free_port(65536, tries=0) == 0
