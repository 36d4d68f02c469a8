"""Sampling among the tokens a constraint allows: the chain is given those and no others.

Setting the rest to minus infinity would do for most samplers, but not for all: typical_p and mirostat take logarithms
of every candidate's probability.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np
import numpy.typing as npt

from inference.constrain.matcher import Allowed

# llama_token_data (llama.h)
_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Candidates:
    """Room for a vocabulary, used over and over. The decode thread's."""

    def __init__(self, n_vocab: int) -> None:
        self._data = np.empty(n_vocab, _DATA)
        self._pointer = self._data.ctypes.data_as(ctypes.POINTER(lib.llama_token_data))

    def sample(self, chain: Any | None, logits: npt.NDArray[np.float32], allowed: Allowed) -> int:
        """What llama_sampler_sample does, with fewer candidates. ``chain`` None is the plain maximum."""
        tokens = np.flatnonzero(allowed)
        if chain is None:
            return int(tokens[logits[tokens].argmax()])
        n = len(tokens)
        self._data["id"][:n] = tokens
        self._data["logit"][:n] = logits[tokens]
        self._data["p"][:n] = 0.0
        # A new one each time: samplers move its pointer past what they cut off.
        native = lib.llama_token_data_array(data=self._pointer, size=n, selected=-1, sorted=False)
        lib.llama_sampler_apply(chain, ctypes.byref(native))
        token = int(native.data[native.selected].id)
        lib.llama_sampler_accept(chain, token)
        return token
