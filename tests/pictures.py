"""Pictures of noise, and files that only look like pictures."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image


def picture(seed: int = 0, *, width: int = 70, height: int = 50, file_format: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, file_format)
    return file.getvalue()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A few hundred bytes that a decoder makes gigabytes of: an honest header, and pixels of zeros that never end."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(100_000), 9))


def wav(*, seconds: float = 0.1, rate: int = 16_000, data_bytes: int | None = None) -> bytes:
    """Silence, 16 bits, one channel. ``data_bytes``: what the header says of it, if not the truth."""
    samples = bytes(2 * int(seconds * rate))
    size = len(samples) if data_bytes is None else data_bytes
    head = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac_head(*, rate: int, n_samples: int) -> bytes:
    """The first block of a FLAC file, and nothing behind it."""
    word = (rate << 44) | (15 << 36) | n_samples
    info = bytes(10) + word.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + bytes([0x80]) + len(info).to_bytes(3, "big") + info


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
