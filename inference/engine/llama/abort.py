"""Stopping a ``llama_decode`` from another thread."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib


class AbortFlag:
    """Two bytes that llama.cpp's abort callback reads after every node of the graph.

    The callback is libc's ``strlen``: 0 while the first byte is 0, else 1, which is all that llama.cpp asks of
    ``bool (*)(void *)``. A Python function there would take the GIL a thousand times a step.
    """

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)
        self._libc = ctypes.CDLL(None) if hasattr(ctypes, "RTLD_GLOBAL") else ctypes.CDLL("msvcrt")

    @property
    def callback(self) -> Any:
        return ctypes.cast(self._libc.strlen, lib.ggml_abort_callback)

    @property
    def data(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(ctypes.addressof(self._bytes))

    def set(self) -> None:
        self._bytes[0] = b"\x01"

    def clear(self) -> None:
        self._bytes[0] = b"\x00"
