"""Thoughts in a form that clients keep without reading (``reasoning.encrypted_content``), and send back.

They are a client's own already, so nothing is secret about them: packed, and marked as ours.
"""

from __future__ import annotations

import base64
import binascii
import zlib

_MARK = "pw1."
# Of 64 MB of request at most; thoughts are far shorter.
MAX_CHARS = 4 * 2**20


def sealed(text: str) -> str:
    return _MARK + base64.urlsafe_b64encode(zlib.compress(text.encode())).decode()


def opened(data: str) -> str | None:
    """None where another server has sealed it, or it was damaged."""
    if not data.startswith(_MARK):
        return None
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(base64.urlsafe_b64decode(data[len(_MARK) :]), MAX_CHARS)
        return raw.decode() if unpacker.eof else None
    except (zlib.error, binascii.Error, ValueError):
        return None
