"""The signature of a thinking block: opaque to clients, who send it back with the block.

Nothing is proved by it: whoever writes the prompt may put any thoughts into it. It carries the thoughts where the
request asked for blocks without them (``thinking.display: "omitted"``), so that the next turn has them all the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

_CARRIES = "power-t1."
_NAMES = "power-h1."


def signed(thinking: str, *, shown: bool) -> str:
    data = thinking.encode("utf-8", "surrogatepass")
    if shown:
        return _NAMES + base64.b64encode(hashlib.sha256(data).digest()).decode()
    return _CARRIES + base64.b64encode(data).decode()


def thoughts(thinking: str, signature: str) -> str:
    """What the model thought. Another server's signature says nothing here."""
    if thinking or not signature.startswith(_CARRIES):
        return thinking
    try:
        return base64.b64decode(signature.removeprefix(_CARRIES), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""
