"""len, index and slice. A string counts in bytes of UTF-8, as Go's does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.values import type_name


def length(args: Sequence[Any]) -> int:
    if len(args) != 1:
        raise FunctionError(f"wrong number of args for len: want 1 got {len(args)}")
    value = args[0]
    if isinstance(value, str):
        return len(_bytes(value))
    if isinstance(value, list | tuple | dict | bytes):
        return len(value)
    raise FunctionError("len of nil pointer" if value is None else f"len of type {type_name(value)}")


def index(args: Sequence[Any]) -> Any:
    """index x 1 "a" is x[1]["a"]. A key that a map lacks is nil, an index out of range an error."""
    if not args:
        raise FunctionError("wrong number of args for index: want at least 1 got 0")
    value = args[0]
    if value is None:
        raise FunctionError("index of untyped nil")
    for key in args[1:]:
        value = _indexed(value, key)
    return value


def slice_(args: Sequence[Any]) -> Any:
    """slice x 1 2 is x[1:2]."""
    if not args or args[0] is None:
        raise FunctionError("slice of untyped nil")
    value, *bounds = args
    if not isinstance(value, str | list | tuple | bytes):
        raise FunctionError(f"can't slice item of type {type_name(value)}")
    if len(bounds) > (2 if isinstance(value, str) else 3):
        raise FunctionError("too many slice indexes")
    data = _bytes(value) if isinstance(value, str) else value
    ends = [_integer(bound, len(data) + 1) for bound in bounds]
    if ends != sorted(ends):
        raise FunctionError("invalid slice index")
    cut = data[ends[0] if ends else 0 : ends[1] if len(ends) > 1 else len(data)]
    return cut.decode("utf-8", "replace") if isinstance(value, str) and isinstance(cut, bytes) else cut


def _indexed(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise FunctionError(f"value has type {type_name(key)}; should be string")
        return value.get(key)
    if isinstance(value, str):
        return _bytes(value)[_integer(key, len(_bytes(value)))]
    if isinstance(value, list | tuple | bytes):
        return value[_integer(key, len(value))]
    raise FunctionError("index of nil pointer" if value is None else f"can't index item of type {type_name(value)}")


def _integer(value: Any, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FunctionError(f"cannot index slice/array with type {type_name(value)}")
    if not 0 <= value < limit:
        raise FunctionError(f"index out of range: {value}")
    return value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
