"""LoRA adapters: loaded with the model, put on each of its contexts, freed with the model by llama.cpp."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib

from inference.errors import ModelLoadError
from inference.spec import ModelSpec


class Adapters:
    """The adapters of one loaded model, in the specification's order.

    Raises ModelLoadError for one that doesn't fit, and then the model has been freed.
    """

    def __init__(self, model: Any, spec: ModelSpec) -> None:
        handles = _load(model, [path for path, _ in spec.adapters])
        self._n = len(handles)
        self._handles = (lib.llama_adapter_lora_p_ctypes * self._n)(*handles)
        self._scales = (ctypes.c_float * self._n)(*(scale for _, scale in spec.adapters))

    def apply(self, context: Any) -> None:
        """To a context that nobody decodes with at this moment."""
        if self._n and lib.llama_set_adapters_lora(context, self._handles, self._n, self._scales):
            raise ModelLoadError("llama.cpp could not put the adapters on the model")


def _load(model: Any, paths: list[str]) -> list[Any]:
    handles = [lib.llama_adapter_lora_init(model, path.encode()) for path in paths]
    for number, handle in enumerate(handles, 1):
        if not handle:
            lib.llama_model_free(model)
            raise ModelLoadError(
                f"adapter {number} does not fit the model: it was made for another architecture or other sizes, "
                "or its file is damaged"
            )
    return handles
