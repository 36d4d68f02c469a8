"""The parts of a message's content: text, images and sound, in the order they were written.

``remote`` has the bytes behind the URLs of a request, which were fetched before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from models_app.serving.media import media_decoded
from power_site.http import BadRequest

# Where the engine looks for the place of an image (inference/engine/media/prompt.py).
PLACE = "[img]"
_DETAILS = (None, "auto", "low", "high", "original")

Part = Mapping[str, Any]
Remote = Mapping[str, bytes]


class Content(NamedTuple):
    text: str
    media: tuple[bytes, ...] = ()


def content_of(parts: Sequence[Part], path: str, remote: Remote) -> Content:
    """Raises BadRequest that names the part."""
    return content_joined([_read(part, f"{path}[{number}]", remote) for number, part in enumerate(parts)])


def content_joined(read: Sequence[str | bytes]) -> Content:
    """Texts and files in order; where a file stood the text has its place."""
    media = tuple(part for part in read if isinstance(part, bytes))
    # Words that look like a place would be taken for one: then images stand before the text, as with Ollama.
    has_places = not any(PLACE in part for part in read if isinstance(part, str))
    return Content(_joined(read, has_places=has_places), media)


def remote_urls(parts: Sequence[Part], path: str) -> Iterator[tuple[str, str]]:
    """(URL, field) of the images that have to be fetched."""
    for number, part in enumerate(parts):
        if part.get("type") == "image_url":
            field = f"{path}[{number}].image_url.url"
            url = _url(part, field)
            if url.lower().startswith(("https://", "http://")):
                yield url, field


def n_media(parts: Sequence[Part]) -> int:
    return sum(part.get("type") in ("image_url", "input_audio") for part in parts)


def _joined(read: Sequence[str | bytes], *, has_places: bool) -> str:
    """Two texts are separate pieces to their author; run together, the last word of one would meet the next."""
    text, after_text = "", False
    for part in read:
        if isinstance(part, bytes):
            text += PLACE if has_places else ""
            after_text = after_text and not has_places
        else:
            text += f"\n{part}" if after_text else part
            after_text = True
    return text


def _read(part: Part, field: str, remote: Remote) -> str | bytes:
    match part.get("type"):
        case "text" | "refusal" as kind:
            if not isinstance(text := part.get(kind), str):
                raise BadRequest(f"{field}.{kind} must be a string", field=field)
            return text
        case "image_url":
            return _image(part, f"{field}.image_url", remote)
        case "input_audio":
            return _sound(part.get("input_audio"), f"{field}.input_audio")
        case kind:
            raise BadRequest(f'{field}: content of type "{str(kind)[:64]}" is not supported', field=field)


def _image(part: Part, field: str, remote: Remote) -> bytes:
    """``detail`` is a hint for models that have more than one size."""
    url = _url(part, f"{field}.url")
    value = part["image_url"]
    if isinstance(value, dict) and value.get("detail") not in _DETAILS:
        raise BadRequest(f"{field}.detail must be auto, low, high or original", field=f"{field}.detail")
    if url in remote:
        return remote[url]
    head, comma, data = url.partition(",")
    if not (comma and head.lower().startswith("data:") and head.lower().endswith(";base64")):
        raise BadRequest(f"{field}.url must be a data: URL with base64 or an https URL", field=f"{field}.url")
    return media_decoded(data, f"{field}.url")


def _url(part: Part, field: str) -> str:
    """Also the string alone, as Ollama takes it."""
    value = part.get("image_url")
    url = value.get("url") if isinstance(value, dict) else value
    if not isinstance(url, str):
        raise BadRequest(f"{field} must be a string", field=field)
    return url


def _sound(value: Any, field: str) -> bytes:
    if not isinstance(value, dict) or value.get("format") not in ("wav", "mp3"):
        raise BadRequest(f"{field}.format must be wav or mp3", field=f"{field}.format")
    return media_decoded(value.get("data"), f"{field}.data")
