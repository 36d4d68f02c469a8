from __future__ import annotations

import pytest

from inference.engine.media.sound import MAX_MP3_BYTES, check_sound, sound_format
from inference.errors import InvalidRequest
from tests.pictures import flac_head, picture, wav


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (wav(), "wav"),
        (flac_head(rate=16_000, n_samples=1), "flac"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (picture(file_format="JPEG"), ""),
        (picture(file_format="WEBP"), ""),
        (b"", ""),
    ],
)
def test_a_sound_is_known_by_its_first_bytes(data: bytes, expected: str) -> None:
    assert sound_format(data) == expected


@pytest.mark.parametrize("data", [wav(), flac_head(rate=16_000, n_samples=16_000 * 3_600), b"ID3" + bytes(100)])
def test_up_to_an_hour_passes(data: bytes) -> None:
    check_sound(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (wav(rate=1, seconds=4_000), "too long"),
        (wav(data_bytes=0xFFFFFFFF), "before its header says"),
        (wav()[:20], "damaged"),
        (wav(rate=0), "damaged"),
        (flac_head(rate=16_000, n_samples=16_000 * 3_601), "too long"),
        (flac_head(rate=16_000, n_samples=0), "how long"),
        (flac_head(rate=0, n_samples=5), "damaged"),
        (b"fLaC", "damaged"),
        (b"ID3" + bytes(MAX_MP3_BYTES), "too long"),
    ],
)
def test_what_would_become_gigabytes_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        check_sound(data)
