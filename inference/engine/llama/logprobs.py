"""Logarithms of probabilities from one row of logits. The decode thread does it: others wait meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from inference.events import TokenLogprob

Logits = npt.NDArray[np.float32]

BLOCK = 256


def token_logprob(logits: Logits, token: int, n_top: int, piece: Callable[[int], bytes]) -> TokenLogprob:
    """``token``'s under the unmodified distribution, with those of the ``n_top`` likeliest, the likeliest first."""
    best = likeliest(logits, n_top)
    highest = logits[best[0]] if n_top else logits.max()
    shift = float(highest) + float(np.log(np.exp(logits - highest).sum()))
    top = tuple([TokenLogprob(each, piece(each), float(logits[each]) - shift) for each in best])
    return TokenLogprob(token, piece(token), float(logits[token]) - shift, top)


def likeliest(logits: Logits, n: int) -> list[int]:
    """The ``n`` highest, the highest first: they lie in the ``n`` blocks with the highest maxima. A partition of all
    takes ten times as long."""
    if n < 2:
        return [int(logits.argmax())] if n else []
    n_blocks = len(logits) // BLOCK
    if n >= n_blocks:
        return _sorted(logits, np.arange(len(logits)), n)
    maxima = logits[: n_blocks * BLOCK].reshape(n_blocks, BLOCK).max(axis=1)
    blocks = np.argpartition(maxima, -n)[-n:]
    inside = (blocks[:, np.newaxis] * BLOCK + np.arange(BLOCK)).ravel()
    return _sorted(logits, np.concatenate([inside, np.arange(n_blocks * BLOCK, len(logits))]), n)


def _sorted(logits: Logits, places: npt.NDArray[np.int64], n: int) -> list[int]:
    best = places[np.argpartition(logits[places], -n)[-n:]]
    return best[np.argsort(-logits[best])].tolist()  # type: ignore[no-any-return]
