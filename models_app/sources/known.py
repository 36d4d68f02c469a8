"""Popular models by their usual names, as one file each of a Hugging Face repository (popular.json)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import quote

import httpx2
import msgspec

from models_app.digests import Digest
from models_app.errors import InvalidDigest
from models_app.naming import ModelName
from models_app.sources.fetcher import http_head, url_parse
from models_app.sources.url import URLSource
from power_site.conf import config

_TABLE = Path(__file__).with_name("popular.json")


class KnownModel(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    repo: str
    file: str


@cache
def known_models() -> dict[str, KnownModel]:
    """The table, by the key of each name."""
    models = msgspec.json.decode(_TABLE.read_bytes(), type=list[KnownModel])
    return {ModelName.parse(name).key: model for model in models for name in model.names}


def known_source(name: ModelName) -> URLSource | None:
    """None where the table has no such name. Asks the hub for the file's digest. Raises SourceError."""
    model = known_models().get(name.key)
    if model is None:
        return None
    url = f"{config().hub_url.rstrip('/')}/{model.repo}/resolve/main/{quote(model.file)}"
    headers = http_head(url_parse(url))
    return URLSource(url, name=name.short, digest=_linked_digest(headers), size_bytes=_linked_size(headers))


def _linked_digest(headers: httpx2.Headers) -> Digest | None:
    """The SHA-256 that the hub keeps of every large file and sends beside its redirect to the bytes."""
    try:
        return Digest(headers.get("X-Linked-Etag", "").strip('"'))
    except InvalidDigest:
        return None


def _linked_size(headers: httpx2.Headers) -> int | None:
    text = headers.get("X-Linked-Size", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
