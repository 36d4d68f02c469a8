"""Which part of a sequence's prompt comes next where it holds media: text up to an image, or a run of the image."""

from __future__ import annotations

import numpy as np

from inference.engine.media.chunks import MediaBatch
from inference.engine.media.placeholders import is_first, n_positions, span_start
from inference.engine.sequence import Sequence


def at_media(sequence: Sequence) -> bool:
    """Whether an embedding is the next to be decoded."""
    return bool(sequence.media) and sequence.n_pending > 0 and sequence.tokens.view()[sequence.n_past] < 0


def n_text_pending(sequence: Sequence) -> int:
    """Pending tokens before the next image: what a batch of tokens can take."""
    if not sequence.media:
        return sequence.n_pending
    media = np.flatnonzero(sequence.tokens.view(sequence.n_past) < 0)
    return int(media[0]) if len(media) else sequence.n_pending


def media_batch(sequence: Sequence, n_most: int) -> MediaBatch:
    """The next run of the image that comes next: ``n_most`` rows of it, or all of it where its tokens see each other.

    ``sequence`` has a slot and is at media.
    """
    assert sequence.slot is not None, "a scheduled sequence has a slot"
    tokens, n_past = sequence.tokens.view(), sequence.n_past
    start = n_past if is_first(int(tokens[n_past])) else span_start(tokens, n_past)
    chunk = sequence.media[int(tokens[start])]
    assert chunk.embeddings is not None, "it was encoded before it was handed over"
    offset = n_past - start
    end = min(chunk.n_tokens, offset + n_most) if chunk.causal else chunk.n_tokens
    return MediaBatch(
        seq_id=sequence.slot.seq_id,
        ids=chunk.ids[offset:end],
        embeddings=chunk.embeddings[offset:end],
        positions=chunk.positions[:, offset:end] + n_positions(tokens[:start]),
        causal=chunk.causal,
        output=n_past + end - offset == len(tokens),
    )
