"""The listening sockets."""

from __future__ import annotations

import socket

import pytest

from power_site.server import bind


def test_port_0_takes_one_free_port() -> None:
    sockets = bind("127.0.0.1", 0)
    try:
        assert len(sockets) == 1
        assert sockets[0].getsockname()[1] > 0
    finally:
        for each in sockets:
            each.close()


def test_a_port_in_use_leaves_no_socket_behind() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", taken.getsockname()[1])


def test_a_name_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(socket.gaierror):
        bind("host.invalid", 0)
