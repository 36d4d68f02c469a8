"""Whether a value is what a JSON schema says, within bounds: both come from outside, and who asks can't wait.

Python's ``jsonschema``, with a look at the clock for each keyword, since alternatives may multiply for ever, and with
keywords of its own where one alone could take long: ``uniqueItems``, ``pattern`` and ``patternProperties``.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from inference.chat.patterns import is_cheap

# CPU time for one value. A call of a page takes a millisecond.
MAX_SECONDS = 0.25
MAX_KEY_CHARS = 256

Check = Callable[[Any], bool]


class TooMuch(Exception):
    """There is more to look at than a value is worth."""


def validator(schema: Any) -> Check:
    """False also for a value that takes too long. A schema that is none (an unknown type, a reference to nowhere)
    forbids nothing, and nothing that is not in it is fetched."""
    if not isinstance(schema, Mapping):
        return lambda value: True
    # Here: importing them takes a tenth of a second that only a call is worth.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    native = _bounded(validator_for(schema, default=Draft202012Validator))(schema, registry=Registry())

    def is_valid(value: Any) -> bool:
        _clock.start()
        try:
            return bool(native.is_valid(value))
        except (TooMuch, RecursionError):
            return False
        except Exception:  # noqa: BLE001 - what is no schema may break a validator in any way
            return True

    return is_valid


class _Clock:
    """Of the value that is looked at: one at a time, on the one thread that reads answers."""

    def __init__(self) -> None:
        self._end = 0.0

    def start(self) -> None:
        self._end = time.thread_time() + MAX_SECONDS

    def look(self) -> None:
        if time.thread_time() > self._end:
            raise TooMuch


_clock = _Clock()


@cache
def _bounded(kind: Any) -> Any:
    from jsonschema.validators import extend

    keywords = {**kind.VALIDATORS, "pattern": _pattern, "uniqueItems": _unique_items, "multipleOf": _multiple_of}
    for word in ("patternProperties", "additionalProperties"):
        keywords[word] = _with_short_keys(keywords[word])
    timed = {word: _timed(check) for word, check in keywords.items()}
    return extend(kind, timed)  # type: ignore[no-untyped-call]


def _timed(check: Any) -> Any:
    def timed(*arguments: Any) -> Any:
        _clock.look()
        return check(*arguments)

    return timed


def _error(message: str) -> Exception:
    from jsonschema import ValidationError

    return ValidationError(message)


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Exception]:
    """One that could take long is left to the grammar, and so is one in another dialect than Python's."""
    if isinstance(value, str) and is_cheap(pattern, len(value)) and not re.search(pattern, value):
        yield _error("it does not match")


def _unique_items(validator: Any, unique: bool, value: Any, schema: Any) -> Iterator[Exception]:
    if unique and isinstance(value, list) and len({_key(item) for item in value}) < len(value):
        yield _error("an item is there twice")


def _key(value: Any) -> str:
    """The same text for equal values, where 1 is 1.0 and not true."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_key, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_key(value[name])}" for name in sorted(value)) + "}"
    return json.dumps(value)


def _multiple_of(validator: Any, factor: float, value: Any, schema: Any) -> Iterator[Exception]:
    """In decimals, as they are written: 0.3 is three times 0.1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    try:
        rest = Decimal(str(value)) % Decimal(str(factor))
    except InvalidOperation:  # more digits than decimals have
        return
    if rest:
        yield _error("it is no multiple")


def _with_short_keys(check: Any) -> Any:
    """Patterns of keys are looked for in short ones only."""

    def checked(validator: Any, keyword: Any, value: Any, schema: Any) -> Iterator[Exception]:
        patterns = schema.get("patternProperties") or {}
        if not isinstance(value, dict) or not patterns:
            yield from check(validator, keyword, value, schema) or ()
            return
        longest = max(map(len, value), default=0)
        if longest > MAX_KEY_CHARS:
            yield _error("a key is too long")
        elif all(is_cheap(pattern, longest) for pattern in patterns):
            yield from check(validator, keyword, value, schema) or ()

    return checked
