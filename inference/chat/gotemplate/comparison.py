"""eq, ne, lt, le, gt, ge: Go compares only what is of one kind, and an integer is no float."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.chat.gotemplate.errors import FunctionError
from inference.chat.gotemplate.values import Record

INCOMPATIBLE = "incompatible types for comparison"
INVALID = "invalid type for comparison"


def eq(args: Sequence[Any]) -> bool:
    """Whether the first equals any of the others."""
    if len(args) < 2:
        raise FunctionError("missing argument for comparison")
    return any(_equal(args[0], other) for other in args[1:])


def ne(args: Sequence[Any]) -> bool:
    return not _equal(*_two(args))


def lt(args: Sequence[Any]) -> bool:
    return _less(*_two(args))


def le(args: Sequence[Any]) -> bool:
    left, right = _two(args)
    return _less(left, right) or _equal(left, right)


def gt(args: Sequence[Any]) -> bool:
    return not le(args)


def ge(args: Sequence[Any]) -> bool:
    return not lt(args)


def _two(args: Sequence[Any]) -> tuple[Any, Any]:
    if len(args) != 2:
        raise FunctionError(f"wrong number of args: want 2 got {len(args)}")
    return args[0], args[1]


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if type(left) is not type(right) and not (_is_composite(left) and _is_composite(right)):
        raise FunctionError(INCOMPATIBLE)
    if _is_composite(left):
        raise FunctionError("non-comparable types")
    return bool(left == right)


def _is_composite(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | Record)


def _less(left: Any, right: Any) -> bool:
    for value in (left, right):
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            raise FunctionError(INVALID)
    if type(left) is not type(right):
        raise FunctionError(INCOMPATIBLE)
    return bool(left < right)
