"""Thoughts that travel with clients."""

from __future__ import annotations

from api_openai.responses.sealed import MAX_CHARS, opened, sealed


def test_what_was_sealed_is_opened() -> None:
    for text in ("", "hm", "Größe 🦙" * 1000):
        assert opened(sealed(text)) == text


def test_what_is_not_ours_or_damaged_is_not() -> None:
    for data in ("", "gAAAAB", "pw1.", "pw1.!", sealed("hm")[:-4], "pw1." + sealed("hm")):
        assert opened(data) is None


def test_a_bomb_is_not_unpacked() -> None:
    assert opened(sealed("x" * (MAX_CHARS + 1))) is None
