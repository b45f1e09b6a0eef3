"""A listener is open before anything else is done, and says why it cannot be."""

from __future__ import annotations

import pytest

from real.network.listener import listen, url_of
from zprl_env.errors import ConfigurationError


def test_an_address_that_is_free_is_listened_at_and_told():
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_port_that_is_taken_is_told():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} cannot be listened on"):
            listen("127.0.0.1", port)
