"""/api/blobs/<digest>. HEAD and POST are Ollama's (server/routes.go); GET with ranges and DELETE are Power's own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from models_app.digests import Digest
from models_app.errors import BlobNotFound
from models_app.services.blobs import BlobUpload, blob_delete, blob_keep
from models_app.store import blobs
from power_site.files import FileBody
from power_site.http import json_response, run_db, run_file, run_file_always
from power_site.ranges import ByteRange, RangeNotSatisfiable, etag_known, range_holds, range_select
from power_site.uploads import upload_pieces

_BINARY = "application/octet-stream"
_PIECE_BYTES = 1 << 20


async def check(request: HttpRequest, digest: str) -> HttpResponseBase:
    """A client that asks is about to use it: the blob is kept for the create that follows."""
    wanted = _parsed(digest)
    stored = await run_file(blob_keep, digest=wanted)
    if stored is None:
        raise BlobNotFound(wanted)
    headers = _headers(wanted)
    if etag_known(request.headers.get("If-None-Match"), headers["ETag"]):
        return _unchanged(headers)
    length = {"Content-Length": str(stored.size_bytes)}
    return HttpResponse(content_type=_BINARY, headers=headers | length)


async def upload(request: HttpRequest, digest: str) -> HttpResponseBase:
    """201, or 200 where it is there already; then the body isn't looked at, as Ollama doesn't."""
    wanted = _parsed(digest)
    if await run_file(blob_keep, digest=wanted) is not None:
        return HttpResponse(status=200)
    return HttpResponse(status=201 if await _stored(request, wanted) else 200)


async def download(request: HttpRequest, digest: str) -> HttpResponseBase:
    wanted = _parsed(digest)
    headers = _headers(wanted)
    body = await run_file(_opened, wanted)
    if etag_known(request.headers.get("If-None-Match"), headers["ETag"]):
        body.close()
        return _unchanged(headers)
    try:
        part = _part(request, body.size_bytes, headers["ETag"])
    except RangeNotSatisfiable as error:
        body.close()
        return json_response(
            {"error": str(error)}, status=416, headers={"Content-Range": f"bytes */{error.size_bytes}"}
        )
    length = {"Content-Length": str(body.size_bytes)}
    if part is not None:
        body.select(part.start, part.end)
        length = {
            "Content-Length": str(part.n_bytes),
            "Content-Range": f"bytes {part.start}-{part.end - 1}/{body.size_bytes}",
        }
    return StreamingHttpResponse(
        body, status=200 if part is None else 206, content_type=_BINARY, headers=headers | length
    )


async def remove(request: HttpRequest, digest: str) -> HttpResponseBase:
    await run_db(blob_delete, digest=_parsed(digest))
    return HttpResponse()


async def _stored(request: HttpRequest, digest: Digest) -> bool:
    """Whether the blob is new. However this ends, nothing half stays."""
    length = request.headers.get("Content-Length", "")
    incoming = BlobUpload(digest=digest, size_bytes=int(length) if length else None)
    try:
        await run_file(incoming.open)
        async for piece in upload_pieces(request, _PIECE_BYTES):
            await run_file(incoming.write, piece)
        return await run_file(incoming.commit)
    finally:
        await run_file_always(incoming.close)


def _unchanged(headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(status=304, headers=headers)
    del response["Content-Type"]
    return response


def _opened(digest: Digest) -> FileBody:
    return FileBody(blobs.blob_open(digest))


def _part(request: HttpRequest, size_bytes: int, etag: str) -> ByteRange | None:
    if not range_holds(request.headers.get("If-Range"), etag):
        return None
    return range_select(request.headers.get("Range"), size_bytes)


def _parsed(text: str) -> Digest:
    """Ollama's paths take ``sha256-`` too (manifest/paths.go). Raises InvalidDigest."""
    return Digest.parse(f"sha256:{text[7:]}" if text.startswith("sha256-") else text)


def _headers(digest: Digest) -> dict[str, str]:
    """The digest is the one version there will ever be. Never shown by a browser: nobody knows what the bytes are."""
    return {
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{digest.filename}"',
    }
