"""Input items: what each may be, and the form in which it is stored, listed and read again.

An item keeps what the client sent; what it left out (type, id, status) is filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api_openai.responses.identifiers import new_id
from api_openai.responses.parts import n_media, parsed_parts
from power_site.http import BadRequest

Item = dict[str, Any]
ROLES = ("user", "assistant", "system", "developer")
REFERENCE = "item_reference"


def parsed_items(value: str | Sequence[Any] | None) -> list[Item]:
    """The items of ``input``, in order; references are left as they are. Raises BadRequest naming the item."""
    if value is None:
        return []
    if isinstance(value, str):
        return [_message({"role": "user", "content": value}, "input")]
    return [_parsed(item, f"input[{index}]") for index, item in enumerate(value)]


def n_media_in(items: Sequence[Item]) -> int:
    """Images and sounds in all of them."""
    contents = [item.get("content" if item["type"] == "message" else "output") for item in items]
    return sum(n_media(content) for content in contents if isinstance(content, list))


def _parsed(item: Any, field: str) -> Item:
    if not isinstance(item, dict):
        raise BadRequest(f"{field} must be an object", field=field)
    item = {name: value for name, value in item.items() if value is not None}
    kind = item.get("type") or ("message" if "role" in item else REFERENCE)
    parse = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        text = f'{field}: items of type "{str(kind)[:64]}" are not supported by this server'
        raise BadRequest(text, field=f"{field}.type")
    return parse({**item, "type": kind}, field)


def _message(item: Item, field: str) -> Item:
    role = item.get("role")
    if role not in ROLES:
        raise BadRequest(f"{field}.role must be one of {', '.join(ROLES)}", field=f"{field}.role")
    content = parsed_parts(item.get("content"), assistant=role == "assistant", field=f"{field}.content")
    return _filled({**item, "type": "message", "content": content}, field)


def _call(argument: str) -> Callable[[Item, str], Item]:
    def parse(item: Item, field: str) -> Item:
        for name in ("call_id", "name", argument):
            _require_string(item, name, field)
        return _filled(item, field)

    return parse


def _output(item: Item, field: str) -> Item:
    _require_string(item, "call_id", field)
    if not isinstance(item.get("output"), str):
        item = {**item, "output": parsed_parts(item.get("output"), assistant=False, field=f"{field}.output")}
    return _filled(item, field)


def _reasoning(item: Item, field: str) -> Item:
    for name in ("summary", "content"):
        if name in item and not _is_texts(item[name]):
            raise BadRequest(f"{field}.{name} must be a list of texts", field=f"{field}.{name}")
    if "encrypted_content" in item:
        _require_string(item, "encrypted_content", field)
    return _filled({"summary": [], **item}, field)


def _reference(item: Item, field: str) -> Item:
    _require_string(item, "id", field)
    return item


_PARSERS: Mapping[str, Callable[[Item, str], Item]] = {
    "message": _message,
    "function_call": _call("arguments"),
    "custom_tool_call": _call("input"),
    "function_call_output": _output,
    "custom_tool_call_output": _output,
    "reasoning": _reasoning,
    REFERENCE: _reference,
}


def _filled(item: Item, field: str) -> Item:
    if not isinstance(item.get("id", ""), str):
        raise BadRequest(f"{field}.id must be a string", field=f"{field}.id")
    return {"id": item.get("id") or new_id(item["type"]), "status": "completed", **item}


def _require_string(item: Item, name: str, field: str) -> None:
    if not isinstance(item.get(name), str) or (name != "input" and name != "arguments" and not item[name]):
        raise BadRequest(f"{field}.{name} is required, a string", field=f"{field}.{name}")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in value
    )
