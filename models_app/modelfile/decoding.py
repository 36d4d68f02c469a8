"""The bytes of a Modelfile as text: UTF-8, or what its byte order mark says (editors on Windows write UTF-16)."""

from __future__ import annotations

import codecs
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def modelfile_decode(data: bytes) -> str:
    """What is no text becomes U+FFFD, as Ollama's decoder has it. NULs are left out: no database takes them."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    return data[len(mark) :].decode(encoding, "replace").replace("\0", "")
