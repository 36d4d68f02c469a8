"""Sound from strangers: measured by its header before mtmd's decoder makes room for what the header promises (S29).

mtmd decodes WAV, MP3 and FLAC to floats at the model's rate: a few kilobytes of silence, or a false rate, would
otherwise become gigabytes.
"""

from __future__ import annotations

import struct

from inference.errors import InvalidRequest

MAX_SECONDS = 3600
# MP3 has no header to trust; at its lowest rate this many bytes are two and a half hours.
MAX_MP3_BYTES = 9_000_000
_FLAC_INFO_BYTES = 42


def sound_format(data: bytes) -> str:
    """``wav``, ``mp3`` or ``flac`` by the first bytes; empty for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"fLaC":
        return "flac"
    # An MPEG audio frame: eleven bits of synchronization, then a layer, which JPEG's FF D8 has not.
    frame = len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06 != 0
    return "mp3" if data[:3] == b"ID3" or frame else ""


def check_sound(data: bytes) -> None:
    """Raises InvalidRequest for a sound that is too long, or whose header does not fit what follows it."""
    kind = sound_format(data)
    try:
        seconds = _wav_seconds(data) if kind == "wav" else _flac_seconds(data) if kind == "flac" else 0.0
    except (struct.error, IndexError, ZeroDivisionError):
        raise InvalidRequest("a sound is damaged and can't be decoded") from None
    if seconds > MAX_SECONDS or (kind == "mp3" and len(data) > MAX_MP3_BYTES):
        raise InvalidRequest(f"a sound is too long: {MAX_SECONDS // 60} minutes at most")


def _wav_seconds(data: bytes) -> float:
    """RIFF chunks: ``fmt `` has the rate and the bytes of a frame, ``data`` the frames."""
    rate = frame_bytes = 0
    start = 12
    while True:
        name, size = struct.unpack_from("<4sI", data, start)
        start += 8
        if name == b"fmt ":
            _, _, rate, _, frame_bytes = struct.unpack_from("<HHIIH", data, start)
        elif name == b"data":
            if size > len(data) - start:
                raise InvalidRequest("a sound is damaged: it ends before its header says")
            return float(size / frame_bytes / rate)
        start += size + size % 2


def _flac_seconds(data: bytes) -> float:
    """STREAMINFO, always the first block: 20 bits of rate and 36 bits of samples (RFC 9639, 8.2)."""
    if len(data) < _FLAC_INFO_BYTES or data[4] & 0x7F != 0:
        raise InvalidRequest("a sound is damaged and can't be decoded")
    word = int.from_bytes(data[18:26], "big")
    rate, n_samples = word >> 44, word & ((1 << 36) - 1)
    if not n_samples:
        raise InvalidRequest("a sound does not say how long it is")
    return n_samples / rate
