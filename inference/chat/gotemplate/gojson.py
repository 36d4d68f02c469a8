"""A value to JSON as Go's encoding/json writes it: no blanks, HTML escaped, maps sorted by key, structs in order."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

from inference.chat.gotemplate.values import GoList, GoMap, Record

ESCAPED = re.compile('["\\\\\\x00-\\x1f<>&\u2028\u2029\ud800-\udfff]')
SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class NotJSON(Exception):
    """A value JSON has no form for (infinity, NaN)."""


def to_json(value: Any) -> str:
    """Raises NotJSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return str(value)
        case float():
            return _number(value)
        case bytes():
            return f'"{base64.b64encode(value).decode()}"'
        case Record():
            return _record(value)
        case dict():
            return _map(value)
    if isinstance(value, GoList) and value.nil:
        return "null"
    if isinstance(value, GoList) and value.single_bare and len(value) == 1:
        return to_json(value[0])
    return f"[{','.join(map(to_json, value))}]"


def shortest(value: float) -> tuple[str, str, int]:
    """A finite float as its sign, its shortest digits, and its decimal exponent when written d.ddd."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits))
    exponent_of_first = int(exponent) + len(text) - 1
    return "-" if sign else "", text.rstrip("0") or "0", exponent_of_first if value else 0


def plain(digits: str, exponent: int) -> str:
    """Digits without an exponent: 1.5, 0.002, 3000."""
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return whole + ("." + digits[exponent + 1 :] if len(digits) > exponent + 1 else "")


def scientific(digits: str, exponent: int, *, width: int) -> str:
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise NotJSON
    sign, digits, exponent = shortest(value)
    if value and not -6 <= exponent < 21:
        return sign + scientific(digits, exponent, width=1 if exponent < 0 else 2)
    return sign + plain(digits, exponent)


def _string(text: str) -> str:
    return f'"{ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        return "\\ufffd"
    return SHORT.get(character) or f"\\u{ord(character):04x}"


def _map(value: dict[str, Any]) -> str:
    if isinstance(value, GoMap) and value.nil:
        return "null"
    keys = list(value) if isinstance(value, GoMap) and value.ordered else sorted(value, key=_bytes)
    return "{" + ",".join(f"{_string(key)}:{to_json(value[key])}" for key in keys) + "}"


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _record(record: Record) -> str:
    pairs = []
    for attribute in record.kind.attributes:
        value = record.values[attribute.name]
        if not (attribute.omit_empty and _is_empty(value)):
            pairs.append(f"{_string(attribute.key or attribute.name)}:{to_json(value)}")
    return "{" + ",".join(pairs) + "}"


def _is_empty(value: Any) -> bool:
    """What ``omitempty`` leaves out. A map behind an interface or a pointer is not empty while it isn't nil."""
    return not (isinstance(value, Record | dict) or value)
