"""A page that does not begin is told."""

from __future__ import annotations

import pytest

from benchmarks.console import page
from benchmarks.console.page import posted, served_page
from zprl_env.errors import ZprlError


def test_a_page_that_does_not_begin_is_told(monkeypatch):
    monkeypatch.setattr(page.sys, "executable", "/bin/false")
    with pytest.raises(ZprlError, match="must tell its address"), served_page():
        pass


def test_a_request_to_nobody_fails():
    with pytest.raises(ConnectionRefusedError):
        posted("127.0.0.1", 1, "/console/stop")
