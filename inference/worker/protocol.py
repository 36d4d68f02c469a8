"""What the server and a worker say to each other: tagged messages, each in a length-prefixed msgpack frame.

    server → worker    Load, Submit, Embed, Tokenize, Cancel, Shutdown
    worker → server    LoadProgress, Loaded | LoadFailed, Frame (one per decode step), Heartbeat

A frame is four bytes of little-endian length and that many bytes of msgpack. The two sides are of one version always
(the server spawns the worker from its own files), so messages are arrays and nothing is negotiated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from inference.config import BackendKind, LoadOptions
from inference.events import Event, Failed
from inference.spec import ModelSpec
from inference.vocabulary import VocabularyInfo

HEADER = struct.Struct("<I")
MAX_FRAME_BYTES = 1 << 30


class Load(Struct, frozen=True, array_like=True, tag="load"):
    """The first message, once."""

    spec: ModelSpec
    options: LoadOptions
    backend: BackendKind
    heartbeat_seconds: float


class Submit(Struct, frozen=True, array_like=True, tag="submit"):
    """``request`` is an encoded GenerateRequest: one that can't be read fails alone, and not the worker's reader."""

    request_id: int
    request: msgspec.Raw


class Embed(Struct, frozen=True, array_like=True, tag="embed"):
    """``request`` is an encoded EmbedRequest. Its id is of the same numbers as those of Submit."""

    request_id: int
    request: msgspec.Raw


class Tokenize(Struct, frozen=True, array_like=True, tag="tokenize"):
    """``request`` is an encoded TokenizeRequest. Its id is of the same numbers as those of Submit."""

    request_id: int
    request: msgspec.Raw


class Cancel(Struct, frozen=True, array_like=True, tag="cancel"):
    request_id: int


class Shutdown(Struct, frozen=True, array_like=True, tag="shutdown"):
    pass


class LoadProgress(Struct, frozen=True, array_like=True, tag="progress"):
    """``fraction`` from 0 to 1."""

    fraction: float


class LoadedInfo(Struct, frozen=True, array_like=True):
    """What a loaded model turned out to be. ``n_ctx``: the longest one sequence may get; ``n_cells``: all of them."""

    n_ctx: int
    n_cells: int
    size_bytes: int = 0
    size_vram_bytes: int = 0
    vocabulary: VocabularyInfo | None = None


class Loaded(Struct, frozen=True, array_like=True, tag="loaded"):
    info: LoadedInfo


class LoadFailed(Struct, frozen=True, array_like=True, tag="load_failed"):
    failure: Failed


class Frame(Struct, frozen=True, array_like=True, tag="frame"):
    """Everything that happened in one decode step: (request id, event) in order."""

    events: list[tuple[int, Event]]


class Heartbeat(Struct, frozen=True, array_like=True, tag="heartbeat"):
    """The runner's statistics, from a thread of its own. Work and the same ``n_steps`` for long is a hang.

    ``cpu_seconds``: processor time the worker has used, which tells one long step from a standstill.
    """

    n_steps: int
    n_running: int
    n_waiting: int
    n_cells_used: int
    cpu_seconds: float


ToWorker = Load | Submit | Embed | Tokenize | Cancel | Shutdown
FromWorker = LoadProgress | Loaded | LoadFailed | Frame | Heartbeat


class ProtocolError(Exception):
    """The other side sent what this protocol does not know. Says so without quoting it."""


_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def encode(message: ToWorker | FromWorker) -> bytes:
    """One frame, header and body. Any thread."""
    body = _encoder.encode(message)
    return HEADER.pack(len(body)) + body


def decode_to_worker(body: bytes) -> ToWorker:
    try:
        return _to_worker.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ProtocolError(type(error).__name__) from None


def decode_from_worker(body: bytes) -> FromWorker:
    try:
        return _from_worker.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ProtocolError(type(error).__name__) from None


class FrameReader:
    """Cuts a byte stream into frames; keeps the incomplete rest for the next ``feed``."""

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = bytearray()
        self._max_frame_bytes = max_frame_bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yields the body of every frame that is complete with ``data``. Raises ProtocolError on an absurd length."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer, start)
            if length > self._max_frame_bytes:
                raise ProtocolError("frame too long")
            end = start + HEADER.size + length
            if len(self._buffer) < end:
                break
            yield bytes(self._buffer[start + HEADER.size : end])
            start = end
        del self._buffer[:start]
