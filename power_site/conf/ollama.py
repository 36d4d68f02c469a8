"""What Ollama's environment variables mean here, where their syntax is not ours (envconfig/config.go of Ollama)."""

from __future__ import annotations

import re

_SCHEME_PORTS = {"http": "80", "https": "443"}
_HOST = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\[\]:/]*)(?::(?P<port>\d+))?(?:/.*)?", re.IGNORECASE
)


def host(value: str) -> str | None:
    """The address part of ``[scheme://]host[:port][/path]``; None where it names only a port."""
    return (_parts(value)["host"] or "").strip("[]") or None


def port(value: str) -> str | None:
    """Its port; a scheme without a port means that scheme's, as in Ollama. None where neither is there."""
    parts = _parts(value)
    return parts["port"] or _SCHEME_PORTS.get((parts["scheme"] or "").lower())


def zero_is_unset(value: str) -> str | None:
    """Ollama's 0 says "choose for me"."""
    return None if value == "0" else value


def flash_attention(value: str) -> str:
    return {"1": "on", "true": "on", "0": "off", "false": "off"}.get(value.lower(), value)


def debug(value: str) -> str:
    """A boolean, or a level of 1 or 2."""
    return "true" if value == "2" else value


def _parts(value: str) -> dict[str, str | None]:
    if value.count(":") > 1 and _is_ipv6(value):
        return {"host": value, "port": None, "scheme": None}
    match = _HOST.fullmatch(value)
    if match is None:
        raise ValueError
    return match.groupdict()


def _is_ipv6(value: str) -> bool:
    import ipaddress  # 10 ms that only such a value costs

    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True
