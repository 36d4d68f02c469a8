"""Which addresses a pull may connect to: public ones, and the private hosts that a setting names."""

from __future__ import annotations

import ipaddress
import socket

from models_app.errors import ForbiddenHost, SourceUnavailable
from power_site.conf import config

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_for(host: str, port: int) -> str:
    """One address of ``host``, to be connected to as it is: asking the resolver again could give another.

    Raises ForbiddenHost when any of the host's addresses isn't public and no setting names the host, SourceUnavailable
    when it has none.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnavailable(f"host {host!r} can't be found") from error
    addresses = [str(answer[4][0]) for answer in answers]
    if not is_allowed_private(host, port) and not all(is_public(address) for address in addresses):
        raise ForbiddenHost(host)
    return addresses[0]


def is_allowed_private(host: str, port: int) -> bool:
    """Whether ``allow_private_hosts`` names the host, with this port or without any."""
    plain = host.lower().rstrip(".")
    bracketed = f"[{plain}]" if ":" in plain else plain
    names = {plain, bracketed, f"{bracketed}:{port}"}
    return any(entry.lower() in names for entry in config().allow_private_hosts)


def is_public(address: str) -> bool:
    """False for anything but a unicast address of the public internet, also where IPv6 wraps an IPv4 address."""
    parsed = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _unwrapped(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
