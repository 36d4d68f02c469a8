"""The GPUs that this build of llama.cpp sees, by ggml's device registry (ggml-backend.h)."""

from __future__ import annotations

import ctypes
from typing import Any

from llama_cpp._ggml import libggml
from msgspec import Struct

_GPU, _INTEGRATED_GPU = 1, 2


class Device(Struct, frozen=True, kw_only=True):
    """``name`` as llama.cpp numbers it (CUDA0), ``description`` as its maker does. Sizes in bytes."""

    name: str
    description: str
    free_bytes: int
    total_bytes: int


def gpus() -> list[Device]:
    """In the order of ``main_gpu`` and ``tensor_split``; empty for a CPU build. Memory is read anew at each call."""
    devices = [_get(index) for index in range(_count())]
    return [_read(device) for device in devices if _type(device) in (_GPU, _INTEGRATED_GPU)]


def gpu_free_bytes() -> int:
    return sum(device.free_bytes for device in gpus())


def _read(device: int) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    _memory(device, ctypes.byref(free), ctypes.byref(total))
    return Device(
        name=_name(device).decode(errors="replace"),
        description=_description(device).decode(errors="replace"),
        free_bytes=free.value,
        total_bytes=total.value,
    )


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(libggml, f"ggml_backend_dev_{name}")
    function.restype, function.argtypes = result, arguments
    return function


_SIZE_POINTER = ctypes.POINTER(ctypes.c_size_t)
_count = _function("count", ctypes.c_size_t)
_get = _function("get", ctypes.c_void_p, ctypes.c_size_t)
_type = _function("type", ctypes.c_int, ctypes.c_void_p)
_name = _function("name", ctypes.c_char_p, ctypes.c_void_p)
_description = _function("description", ctypes.c_char_p, ctypes.c_void_p)
_memory = _function("memory", None, ctypes.c_void_p, _SIZE_POINTER, _SIZE_POINTER)
