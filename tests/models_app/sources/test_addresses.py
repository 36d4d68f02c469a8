"""S16 and S18: what a pull connects to."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from models_app.errors import ForbiddenHost, SourceUnavailable
from models_app.sources import addresses
from power_site import conf


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "192.0.2.1"],
)  # fmt: skip
def test_an_address_that_is_not_of_the_public_internet_is_private(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0", "::1", "::"])
def test_every_spelling_of_loopback_is_refused(home: object, host: str) -> None:
    with pytest.raises(ForbiddenHost, match="allow_private_hosts"):
        addresses.address_for(host, 80)


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1:81", "127.0.0.1", 80, False),
        ("127.0.0.1:80", "127.0.0.1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("Mirror.LAN", "mirror.lan.", 443, True),
        ("mirror.lan", "other.mirror.lan", 443, False),
    ],
)
def test_a_setting_names_private_hosts(home: object, entry: str, host: str, port: int, allowed: bool) -> None:
    conf.configure({"allow_private_hosts": [entry]})
    assert addresses.is_allowed_private(host, port) is allowed


def answers(*found: str) -> Any:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in found]


def test_one_private_answer_among_public_ones_is_enough_to_refuse(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("1.1.1.1", "127.0.0.1"))
    with pytest.raises(ForbiddenHost):
        addresses.address_for("rebind.example", 80)


def test_a_host_without_an_address_may_have_one_later(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", none)
    with pytest.raises(SourceUnavailable):
        addresses.address_for("gone.example", 80)
