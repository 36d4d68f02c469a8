"""Which Host headers are answered."""

from __future__ import annotations

import socket

import pytest

from power_site.gate.hosts import check_host, is_loopback
from power_site.gate.refusal import Refusal


def check(*values: str, listens_on: str = "127.0.0.1", http_version: str = "1.1") -> None:
    headers = [(b"host", value.encode("latin1")) for value in values]
    check_host(headers, http_version=http_version, listens_on=listens_on, local_address="203.0.113.9")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:11435",
        "LOCALHOST.",
        "127.0.0.1:80",
        "127.8.8.8",
        "[::1]",
        "[::1]:11435",
        "0.0.0.0",
        "192.168.1.7:11435",
        "10.1.2.3",
        "203.0.113.9",
        "host.docker.internal:11435",
        "nas.local",
        "app.localhost:3000",
        socket.gethostname(),
    ],
)
def test_names_and_addresses_of_this_machine_and_its_network_are_answered(host: str) -> None:
    check(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.localhost.example",
        "127.0.0.1.nip.io",
        "8.8.8.8",
        "localhost.evil.example:11435",
        "[2001:4860::1]",
    ],
)
def test_public_names_are_refused_while_the_server_listens_on_loopback(host: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(host)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "host", ["", " ", "localhost@evil.example", "a b", "localhost:port", "[::1", "local/host", "\u00e9"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(host)
    assert caught.value.status == 400


def test_two_host_headers_or_none_are_refused_though_http_1_0_may_have_none() -> None:
    for values in (("localhost", "localhost"), ()):
        with pytest.raises(Refusal):
            check(*values)
    check(http_version="1.0")


def test_beyond_loopback_a_server_is_known_by_any_name() -> None:
    check("power.example", listens_on="0.0.0.0")
    with pytest.raises(Refusal):
        check("power.example", "other.example", listens_on="0.0.0.0")


def test_loopback_is_told_from_the_rest() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.1.1.1"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "power.lan", ""))
