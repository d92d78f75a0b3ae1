"""How the page's server ends."""

from __future__ import annotations

import signal

import uvicorn

from page.stopping import STOP_S, limit_stop


def test_the_server_that_heeds_the_signal_waits_no_longer_than_that():
    server = uvicorn.Server(uvicorn.Config("none:none"))
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        limit_stop()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert server.config.timeout_graceful_shutdown == STOP_S


def test_without_such_a_server_nothing_happens():
    limit_stop()
