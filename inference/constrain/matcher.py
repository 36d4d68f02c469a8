"""Where one answer is in its grammar. On the decode thread: nothing here takes longer than a millisecond or so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidConstraint

# One element a token of the vocabulary: whether it may come next.
Allowed = npt.NDArray[np.bool_]


class Matcher:
    """``native`` is an LLMatcher of its own. After an error it stays unusable, and so may others with the same grammar:
    they share a lexer, and what it has learnt. ``on_error`` is called with the first."""

    def __init__(self, native: Any, *, kind: str, n_vocab: int, on_error: Callable[[], None] = lambda: None) -> None:
        self._native = native
        self._on_error = on_error
        self._kind = kind
        self._n_vocab = n_vocab
        self._mask = np.zeros((n_vocab + 31) // 32, np.uint32)
        self._bytes = self._mask.view(np.uint8)

    def allowed(self) -> Allowed:
        """The tokens that may come next, those that end a generation only where the answer may end. At least one.

        Raises InvalidConstraint where the grammar has grown beyond llguidance's limits.
        """
        self._native.unsafe_compute_mask_ptr(self._mask.ctypes.data, self._mask.nbytes)
        if self._native.is_error():
            raise self._error()
        return np.unpackbits(self._bytes, count=self._n_vocab, bitorder="little").view(np.bool_)

    def accept(self, token: int) -> None:
        """``token`` is in the answer. Raises InvalidConstraint where it could not have been."""
        if not self._native.consume_token(token):
            raise self._error()

    def begun(self, tokens: list[int]) -> Matcher | None:
        """A matcher of its own that has taken ``tokens``; None where they can't be. This one stays where it is."""
        native = self._native.deep_copy()
        if native.try_consume_tokens(tokens) < len(tokens):
            return None
        return Matcher(native, kind=self._kind, n_vocab=self._n_vocab, on_error=self._on_error)

    def _error(self) -> InvalidConstraint:
        self._on_error()
        reason = self._native.get_error().replace("<non-verbose/>", "")
        return InvalidConstraint(self._kind, f"the answer can't be held to it: {reason}")

    @property
    def is_complete(self) -> bool:
        """Nothing can follow: the answer is over."""
        return bool(self._native.is_stopped())
