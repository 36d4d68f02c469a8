"""Content that is given to the model: texts, images, documents and search results, as pieces of text and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api_anthropic.messages.media import image_bytes
from power_site.http import BadRequest

Part = str | bytes

INLINE = frozenset(["text", "image"])
TEXT = frozenset(["text"])
GIVEN = frozenset(["text", "image", "document", "search_result"])


async def content_parts(content: Any, path: str, *, kinds: frozenset[str] = GIVEN) -> list[Part]:
    """Of a string or a list of blocks of these ``kinds``. Raises BadRequest naming the block."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        raise BadRequest(f"{path} must be a string or a list of blocks", field=path)
    return [
        part
        for index, block in enumerate(content)
        for part in await block_parts(block, f"{path}[{index}]", kinds=kinds)
    ]


async def block_parts(block: Any, path: str, *, kinds: frozenset[str] = GIVEN) -> list[Part]:
    match block:
        case {"type": "text"} if "text" in kinds:
            return [block_text(block, path)]
        case {"type": "image"} if "image" in kinds:
            return [await image_bytes(block, path)]
        case {"type": "document"} if "document" in kinds:
            return await _document(block, path)
        case {"type": "search_result"} if "search_result" in kinds:
            return await _search_result(block, path)
    raise unsupported(block, path)


def block_text(block: Mapping[str, Any], path: str) -> str:
    text = block.get("text")
    if not isinstance(text, str):
        raise BadRequest(f"{path}.text must be a string", field=f"{path}.text")
    return text


def joined(parts: Sequence[Part]) -> tuple[str, tuple[bytes, ...]]:
    """Blocks are separate pieces of text to their author; run together, one's last word would meet the next's first."""
    texts = [part for part in parts if isinstance(part, str)]
    return "\n".join(texts), tuple(part for part in parts if isinstance(part, bytes))


def unsupported(block: Any, path: str) -> BadRequest:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str):
        return BadRequest(f"{path} must be a block with a type", field=path)
    return BadRequest(f'{path}: blocks of type "{kind[:64]}" are not supported here', field=path)


async def _document(block: Mapping[str, Any], path: str) -> list[Part]:
    """Its title and context in front of it, each on a line of its own."""
    _refuse_citations(block, path)
    match block.get("source"):
        case {"type": "text", "data": str(data)}:
            content: list[Part] = [data]
        case {"type": "content", "content": inner}:
            content = await content_parts(inner, f"{path}.source.content", kinds=INLINE)
        case {"type": str(kind)}:
            message = f'{path}.source: documents of type "{kind[:64]}" are not supported by this server, only text'
            raise BadRequest(message, field=f"{path}.source")
        case _:
            raise BadRequest(f"{path}.source must be an object with a type", field=f"{path}.source")
    head = {"Document": block.get("title"), "Context": block.get("context")}
    return [*_lines(head, path), *content]


async def _search_result(block: Mapping[str, Any], path: str) -> list[Part]:
    _refuse_citations(block, path)
    head = {"Search result": block.get("title"), "Source": block.get("source")}
    return [*_lines(head, path), *await content_parts(block.get("content"), f"{path}.content", kinds=TEXT)]


def _lines(head: Mapping[str, Any], path: str) -> list[Part]:
    for value in head.values():
        if not isinstance(value, str | None):
            raise BadRequest(f"{path}: title, context and source must be strings", field=path)
    return [f"{name}: {value}" for name, value in head.items() if value]


def _refuse_citations(block: Mapping[str, Any], path: str) -> None:
    """They would be part of the answer."""
    citations = block.get("citations")
    if isinstance(citations, dict) and citations.get("enabled"):
        raise BadRequest(f"{path}.citations is not supported by this server", field=f"{path}.citations")
