"""Numbers that stand for an image's or a sound's embeddings among a sequence's tokens. Pure.

Tokens are never negative and these always are. They are made from a hash of what they stand for, so that comparing
tokens compares pictures too: two prompts share a prefix over an image only where it is the same image. Two bits say
where a span begins and which of its tokens move the position on (under M-RoPE an image takes fewer positions than
tokens), so that any run of tokens knows its own positions and where it may be cut.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]

_SIGN = 1 << 31
_FIRST = 1 << 30
_MOVES = 1 << 29
_HASH = _MOVES - 1


def placeholders(key: bytes, n_tokens: int, n_positions: int) -> Ints:
    """One span of ``n_tokens`` (1 at least) for what ``key`` identifies, over ``n_positions`` (no more than tokens)."""
    digest = hashlib.shake_128(key).digest(4 * n_tokens)
    words = (np.frombuffer(digest, np.uint32) & np.uint32(_HASH)) | np.uint32(_SIGN)
    words[:n_positions] |= np.uint32(_MOVES)
    words[0] |= np.uint32(_FIRST)
    return words.view(np.int32)


def is_first(token: int) -> bool:
    return token < 0 and bool(token & _FIRST)


def is_inside(token: int) -> bool:
    """Whether a cut before this token would go through a span."""
    return token < 0 and not token & _FIRST


def span_start(tokens: Ints, index: int) -> int:
    """Where the span begins that ``index``, one of its tokens, lies in."""
    return int(np.flatnonzero(_firsts(tokens[: index + 1]))[-1])


def span_end(tokens: Ints, index: int) -> int:
    """The end of the span that ``index`` lies in."""
    outside = np.flatnonzero((tokens[index + 1 :] >= 0) | _firsts(tokens[index + 1 :]))
    return index + 1 + int(outside[0]) if len(outside) else len(tokens)


def cut_before(tokens: Ints, n: int) -> int:
    """The longest prefix of at most n tokens that ends between spans."""
    return span_start(tokens, n) if n < len(tokens) and is_inside(int(tokens[n])) else n


def cut_behind(tokens: Ints, n: int) -> int:
    """The shortest prefix of at least n tokens that ends between spans."""
    return span_end(tokens, n) if n < len(tokens) and is_inside(int(tokens[n])) else n


def whole_spans(tokens: Ints, start: int, n: int) -> tuple[int, int]:
    """(start, n) of the least run that holds tokens [start, start + n) and no part of a span."""
    begin = cut_before(tokens, start)
    return begin, cut_behind(tokens, start + n) - begin


def n_positions(tokens: Ints) -> int:
    """Positions that these tokens take: the position of what comes behind them."""
    return len(tokens) - int(np.count_nonzero((tokens < 0) & (tokens & _MOVES == 0)))


def _firsts(tokens: Ints) -> npt.NDArray[np.bool_]:
    firsts: npt.NDArray[np.bool_] = (tokens < 0) & (tokens & _FIRST != 0)
    return firsts
