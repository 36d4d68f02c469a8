"""A response's events as server-sent events; no ``[DONE]`` ends them (wire.md 2.13)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import orjson

from api_openai.responses.output import Event
from api_openai.responses.transcript import Transcript

# Deltas are filled up to a multiple of it.
_OBFUSCATED_CHARS = 32


def encoded(event: Event, *, obfuscate: bool = False) -> bytes:
    """``obfuscate``: who watches the wire can't count a delta's letters (``stream_options.include_obfuscation``)."""
    if obfuscate and "delta" in event:
        n_missing = -len(event["delta"]) % _OBFUSCATED_CHARS
        event = {**event, "obfuscation": secrets.token_hex(_OBFUSCATED_CHARS)[:n_missing]}
    kind: str = event["type"]
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


class ResponseEncoder:
    """``fail`` is for what happens before the generation has started; from then on the narration tells of it."""

    def __init__(self, transcript: Transcript, *, obfuscate: bool) -> None:
        self._transcript = transcript
        self._obfuscate = obfuscate

    def encode(self, events: Sequence[Event]) -> bytes:
        return b"".join([encoded(event, obfuscate=self._obfuscate) for event in events])

    def fail(self, error: Exception) -> bytes:
        return self.encode(self._transcript.fail(error))

    def finish(self) -> bytes:
        return b""


class BytesEncoder:
    """Of a source that has encoded its events already."""

    def encode(self, data: bytes) -> bytes:
        return data

    def fail(self, error: Exception) -> bytes:
        raise error

    def finish(self) -> bytes:
        return b""
