"""A server in this process, and one in an interpreter of its own."""

from __future__ import annotations

import threading

import pytest

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.serve.server import PolicyServer


@pytest.fixture
def serving():
    """Serve policies for as long as a test lasts."""
    servers = []

    def serve(policy=None, **options):
        server = PolicyServer(policy or ForeignPolicy(LineGenerator(3, 2)), **options)
        threading.Thread(target=server.serve, daemon=True).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.close()
