"""The one type for digests: every path of the store derives from it, never from text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from models_app.errors import InvalidDigest

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256 as 64 lower-case hex digits. ``str()`` is ``sha256:<hex>``, the only text form that parses.

    Ollama accepts ``sha256-`` and upper case too (manifest/paths.go); one spelling leaves no two texts for one blob.
    """

    hex: str

    def __post_init__(self) -> None:
        if not isinstance(self.hex, str) or not _HEX.fullmatch(self.hex):
            raise InvalidDigest

    @classmethod
    def parse(cls, text: object) -> Digest:
        """Raises InvalidDigest for anything that isn't exactly the text form, whatever its type."""
        if not isinstance(text, str) or len(text) != 71 or not text.startswith("sha256:"):
            raise InvalidDigest
        return cls(text[7:])

    @classmethod
    def of(cls, data: bytes) -> Digest:
        return cls(hashlib.sha256(data).hexdigest())

    @property
    def filename(self) -> str:
        """The blob's file name in the store (Ollama's layout)."""
        return f"sha256-{self.hex}"

    @property
    def short(self) -> str:
        return self.hex[:12]

    def __str__(self) -> str:
        return f"sha256:{self.hex}"
