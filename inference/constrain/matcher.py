"""Where one answer is in its grammar. On the decode thread: nothing here takes longer than a millisecond or so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import InvalidConstraint

# One element a token of the vocabulary: whether it may come next.
Allowed = npt.NDArray[np.bool_]


class Matcher:
    """``native`` is an LLMatcher of its own, not shared. After an error it stays unusable."""

    def __init__(self, native: Any, *, kind: str, n_vocab: int) -> None:
        self._native = native
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
            raise InvalidConstraint(self._kind, _reason(self._native.get_error()))
        return np.unpackbits(self._bytes, count=self._n_vocab, bitorder="little").view(np.bool_)

    def accept(self, token: int) -> None:
        """``token`` is in the answer. Raises InvalidConstraint where it could not have been."""
        if not self._native.consume_token(token):
            raise InvalidConstraint(self._kind, _reason(self._native.get_error()))

    @property
    def is_complete(self) -> bool:
        """Nothing can follow: the answer is over."""
        return bool(self._native.is_stopped())


def _reason(error: str) -> str:
    return f"the answer can't be held to it: {error.replace('<non-verbose/>', '')}"
