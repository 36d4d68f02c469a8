"""Which Host headers are answered while the server listens on loopback only: the guard against DNS rebinding.

The names are Ollama's (server/routes.go, allowedHost): loopback, private and own addresses, this machine's name, and
the suffixes that no public name can end in. Beyond loopback a server is known by any name, and keys protect it.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from power_site.gate.refusal import Refusal

_SUFFIXES = (".localhost", ".local", ".internal")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?")


def check_host(headers: list[tuple[bytes, bytes]], *, http_version: str, listens_on: str, local_address: str) -> None:
    """Raises Refusal. ``listens_on`` is the setting, ``local_address`` this connection's own end."""
    values = [value for name, value in headers if name == b"host"]
    if not values and http_version == "1.0":
        return  # HTTP/1.0 knows no Host; no browser speaks it
    if len(values) != 1:
        raise Refusal(400, "exactly one Host header is needed")
    match = _HOST.fullmatch(values[0].decode("latin1").strip())
    if match is None:
        raise Refusal(400, "the Host header is not valid")
    if is_loopback(listens_on) and not _allowed(match["host"].strip("[]").lower().removesuffix("."), local_address):
        raise Refusal(403, "this host is not allowed")


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _allowed(host: str, local_address: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in {"localhost", socket.gethostname().lower()} or host.endswith(_SUFFIXES)
    return address.is_loopback or address.is_private or address.is_unspecified or host == local_address
