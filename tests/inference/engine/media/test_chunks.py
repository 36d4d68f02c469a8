from __future__ import annotations

import numpy as np

from inference.engine.media.chunks import Media, MediaCache, chunks_in, media_key, new_chunk


def media(name: bytes, *, n_tokens: int = 3, n_floats: int = 4) -> Media:
    chunk = new_chunk(name, np.arange(n_tokens, dtype=np.int32)[np.newaxis], n_tokens)
    chunk.embeddings = np.zeros((n_tokens, n_floats), np.float32)
    return Media(([1, 2], chunk, [3]))


def test_the_tokens_of_media_are_its_marks_and_placeholders_in_order() -> None:
    one = media(b"a")
    (chunk,) = one.chunks
    assert one.tokens == [1, 2, *chunk.ids.tolist(), 3]


def test_chunks_that_truncation_took_out_are_not_among_those_of_the_tokens() -> None:
    first, second = media(b"a"), media(b"b")
    kept = chunks_in(np.array([5, *second.tokens], np.int32), [first, second])
    assert list(kept.values()) == list(second.chunks)


def test_a_key_is_of_the_bytes() -> None:
    assert media_key(b"x") == media_key(b"x") != media_key(b"y")


class TestCache:
    def test_it_gives_back_what_was_put_in_within_one_scope(self) -> None:
        cache, one = MediaCache(), media(b"a")
        cache.add("", b"a", one)
        assert cache.get("", b"a") is one
        assert cache.get("another tenant", b"a") is None

    def test_the_longest_unused_goes_when_there_is_no_room(self) -> None:
        cache = MediaCache(2 * media(b"a").n_bytes)
        cache.add("", b"a", media(b"a"))
        cache.add("", b"b", media(b"b"))
        assert cache.get("", b"a") is not None
        cache.add("", b"c", media(b"c"))
        assert cache.get("", b"b") is None
        assert cache.get("", b"a") is not None
        assert cache.n_bytes == 2 * media(b"a").n_bytes

    def test_more_than_fits_is_not_kept(self) -> None:
        cache = MediaCache(media(b"a").n_bytes - 1)
        cache.add("", b"a", media(b"a"))
        assert cache.get("", b"a") is None
        assert cache.n_bytes == 0
