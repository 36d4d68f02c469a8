"""Parts of a message's content: what each may be, and the text and the media in them.

A part is kept as the client sent it, with what it left out: so it is stored, listed, and read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_openai.chat.parts import Content, content_joined
from models_app.serving.media import media_decoded
from models_app.serving.remote_media import media_bytes
from power_site.http import BadRequest

_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "summary_text": "text", "refusal": "refusal"}
Part = dict[str, Any]


def parsed_parts(content: Any, *, assistant: bool, field: str) -> list[Part]:
    """A list of parts, from a text or from a list. Raises BadRequest naming the part."""
    if isinstance(content, str):
        content = [{"type": "output_text" if assistant else "input_text", "text": content}]
    if not isinstance(content, list):
        raise BadRequest(f"{field} must be a string or a list of parts", field=field)
    return [_parsed(part, f"{field}[{index}]") for index, part in enumerate(content)]


async def read_parts(parts: Sequence[Part], *, field: str) -> Content:
    """Text with the places of its media, and these. Raises BadRequest naming the part that can't be read."""
    return content_joined([await _read(part, f"{field}[{index}]") for index, part in enumerate(parts)])


def n_media(parts: Sequence[Part]) -> int:
    return sum(part["type"] in ("input_image", "input_audio") for part in parts)


async def _read(part: Part, field: str) -> str | bytes:
    match part["type"]:
        case "input_image":
            return await _image(part, f"{field}.image_url")
        case "input_audio":
            return media_decoded(part["input_audio"]["data"], f"{field}.input_audio.data")
        case "input_file":
            return _file_text(part, field)
        case kind:
            return str(part[_TEXTS[kind]])


def _parsed(part: Any, field: str) -> Part:
    if not isinstance(part, dict):
        raise BadRequest(f"{field} must be an object", field=field)
    match part.get("type"):
        case str(kind) if kind in _TEXTS:
            _require_text(part, _TEXTS[kind], field)
            return {"annotations": [], **part} if kind == "output_text" else part
        case "input_image":
            _refuse(part, "file_id", field)
            _require_text(part, "image_url", field)
            return {"detail": "auto", **part}
        case "input_audio":
            _require_text(part.get("input_audio") or {}, "data", f"{field}.input_audio")
            return part
        case "input_file":
            _refuse(part, "file_id", field)
            _refuse(part, "file_url", field)
            _require_text(part, "file_data", field)
            return part
        case kind:
            text = f'{field}: content of type "{str(kind)[:64]}" is not supported'
            raise BadRequest(text, field=f"{field}.type")


def _require_text(part: Any, name: str, field: str) -> None:
    if not isinstance(part, dict) or not isinstance(part.get(name), str):
        raise BadRequest(f"{field}.{name} must be a string", field=f"{field}.{name}")


def _refuse(part: Part, name: str, field: str) -> None:
    if part.get(name) is not None:
        raise BadRequest(f"{field}.{name} is not supported: send the data itself", field=f"{field}.{name}")


async def _image(part: Part, field: str) -> bytes:
    url: str = part["image_url"]
    if url.lower().startswith(("https://", "http://")):
        return await media_bytes(url, field=field)
    return _data(url, field)


def _file_text(part: Part, field: str) -> str:
    """A file that is text stands in the message, under its name. Models here read no others."""
    raw = _data(part["file_data"], f"{field}.file_data")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or text.startswith("%PDF-"):
        raise BadRequest(f"{field}: only files of text are supported", field=f"{field}.file_data")
    name = part.get("filename")
    return f"{name}:\n{text}" if isinstance(name, str) and name else text


def _data(url: str, field: str) -> bytes:
    """Of a data: URL, or of base64 alone, as some clients send it."""
    head, comma, data = url.partition(",")
    if comma and not (head.lower().startswith("data:") and head.lower().endswith(";base64")):
        raise BadRequest(f"{field} must be a data: URL with base64 or an https URL", field=field)
    return media_decoded(data if comma else url, field)
