"""A GGUF file behind a direct http(s) URL, with ``#sha256=<64 hex digits>`` where its bytes are known."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import httpx2

from models_app.digests import Digest
from models_app.errors import InvalidDigest, InvalidSource
from models_app.manifests import MODEL_TYPE
from models_app.sources.base import Body, LayerPlan, Plan
from models_app.sources.fetcher import chunks, http_open, is_trusted_plain, require_success, url_host, url_parse
from models_app.sources.file import name_from_file

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})", re.ASCII)


class URLSource:
    """One file over HTTP. Interrupted transfers go on by Range with If-Range (RFC 9110, 13.1.5 and 14)."""

    def __init__(
        self, text: str, *, name: str = "", digest: Digest | None = None, size_bytes: int | None = None
    ) -> None:
        self._url = url_parse(text)
        self._digest = _fragment_digest(self._url.fragment) or digest
        self._size_bytes = size_bytes
        self._name = name or name_from_file(self._url.path.rpartition("/")[2])
        if self._digest is None and not is_trusted_plain(self._url):
            raise InvalidSource(
                "a plain http URL needs #sha256=<digest>, so that nobody on the way can change the bytes"
            )

    @property
    def origin(self) -> str:
        # Without the query: signed URLs carry their secret there.
        return str(self._url.copy_with(query=None, fragment=None))

    def resolve(self) -> Plan:
        identity = f"url:{self._url.copy_with(fragment=None)}"
        layer = LayerPlan(identity=identity, media_type=MODEL_TYPE, digest=self._digest, size_bytes=self._size_bytes)
        return Plan(layers=(layer,), name=self._name)

    @contextlib.contextmanager
    def fetch(self, layer: LayerPlan, *, offset: int, validator: str) -> Iterator[Body]:
        with contextlib.ExitStack() as stack:
            response = stack.enter_context(http_open(self._url, _range(offset, validator)))
            if response.status_code == 416:
                # Nothing at this offset: the file is another one now, and only its start is left to try.
                offset = 0
                response = stack.enter_context(http_open(self._url, {}))
            yield _body(response, offset, url_host(self._url))


def _range(offset: int, validator: str) -> dict[str, str]:
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    return headers | {"If-Range": validator} if offset and validator else headers


def _fragment_digest(fragment: str) -> Digest | None:
    if not fragment:
        return None
    try:
        return Digest(fragment.removeprefix("sha256=").lower())
    except InvalidDigest:
        raise InvalidSource("what follows # has to be sha256=<64 hex digits>") from None


def _body(response: httpx2.Response, offset: int, host: str) -> Body:
    require_success(response, host)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise InvalidSource(f"host {host!r} sends an encoding that was not asked for")
    validator = _validator(response)
    if response.status_code == 206:
        total = _range_total(response.headers.get("Content-Range", ""), offset)
        return Body(offset=offset, total=total, validator=validator, chunks=chunks(response))
    return Body(offset=0, total=_length(response), validator=validator, chunks=chunks(response))


def _range_total(content_range: str, offset: int) -> int:
    found = _CONTENT_RANGE.fullmatch(content_range.strip())
    first, last, total = (int(part) for part in found.groups()) if found else (-1, -1, -1)
    if first != offset or not first <= last < total:
        raise InvalidSource("the source sends another range than was asked for")
    return total


def _length(response: httpx2.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _validator(response: httpx2.Response) -> str:
    """A strong ETag or else the date, as If-Range takes them; empty where a range can't be tied to the same bytes."""
    etag = str(response.headers.get("ETag", ""))
    return etag if etag and not etag.startswith("W/") else str(response.headers.get("Last-Modified", ""))
