"""The answer to pull, push and create: Ollama's ProgressResponse (api/types.go), a line each or only the last one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_ollama.errors import error_body
from models_app.progress import Progress
from models_app.watched import Watcher
from power_site.http import NDJSON, SSE, json_response, wants_sse
from power_site.streams import stream_response


async def progress_response(request: HttpRequest, watcher: Watcher, *, stream: bool) -> HttpResponseBase:
    """What fails before the first line has a status of its own. However this ends, the watcher is closed."""
    try:
        if not stream:
            return json_response(await _last(watcher))
        await watcher.ready()
    except BaseException:
        watcher.close()
        raise
    sse = wants_sse(request)
    return stream_response(watcher, ProgressEncoder(sse=sse), content_type=SSE if sse else NDJSON)


class ProgressEncoder:
    def __init__(self, *, sse: bool) -> None:
        self._begin, self._end = (b"data: ", b"\n\n") if sse else (b"", b"\n")

    def encode(self, lines: Sequence[Progress]) -> bytes:
        return b"".join([self._begin + orjson.dumps(progress_object(line)) + self._end for line in lines])

    def fail(self, error: Exception) -> bytes:
        return self._begin + error_body(error) + self._end

    def finish(self) -> bytes:
        return b""


def progress_object(line: Progress) -> dict[str, Any]:
    """Nothing but the status is written where it is zero: ``completed`` is not there before the first byte."""
    rest = {"digest": line.digest, "total": line.total, "completed": line.completed}
    return {"status": line.status} | {name: value for name, value in rest.items() if value}


async def _last(watcher: Watcher) -> dict[str, Any]:
    """Ollama's waitForStream: the last line, or the error that came instead of it."""
    last = Progress(status="")
    async for lines in watcher:
        last = lines[-1]
    watcher.close()
    return progress_object(last)
