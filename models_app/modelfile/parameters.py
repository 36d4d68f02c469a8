"""PARAMETER lines: from text to the type that the option has (Ollama's FormatParams, api/types.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, get_type_hints

from inference.config import LoadOptions
from inference.errors import InvalidOption
from inference.options import ACCEPTED, OPTIONS
from inference.request import GenerateRequest, SamplingOptions
from models_app.errors import InvalidModelfile

_FIELDS_OF: Final = {"sampling": SamplingOptions, "request": GenerateRequest, "load": LoadOptions}
_BOOLEANS: Final = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)


def parameters_read(lines: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The parameters by their names, and the names that do nothing any more. Raises InvalidModelfile.

    A name that takes a list collects its lines; of any other the last line counts.
    """
    parameters: dict[str, Any] = {}
    for name, text in lines:
        if name in ACCEPTED:
            continue
        value = _typed(name, text)
        parameters[name] = [*parameters.get(name, []), *value] if isinstance(value, list) else value
    for name, value in parameters.items():
        _check(name, value)
    return parameters, tuple(dict.fromkeys(name for name, _ in lines if name in ACCEPTED))


def _typed(name: str, text: str) -> Any:
    if name not in OPTIONS:
        raise InvalidModelfile(f"unknown parameter '{name[:80]}'")
    word, convert = _converter(name)
    try:
        return convert(text)
    except (ValueError, KeyError):
        raise InvalidModelfile(f"invalid {word} value [{text[:80]}]") from None


@cache
def _converter(name: str) -> tuple[str, Callable[[str], Any]]:
    option = OPTIONS[name]
    hint = str(get_type_hints(_FIELDS_OF[option.group])[option.field])
    if "bool" in hint:
        return "bool", _BOOLEANS.__getitem__
    if "tuple" in hint:
        return "string", lambda text: [text]
    if "dict" in hint:
        return "map", _no_map
    return ("float", _float) if "float" in hint else ("int", int)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _no_map(text: str) -> Any:
    raise ValueError(text)


def _check(name: str, value: Any) -> None:
    try:
        OPTIONS[name].convert(name, value)
    except InvalidOption as error:
        raise InvalidModelfile(str(error)) from None
