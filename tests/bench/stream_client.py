"""A streaming client that costs next to nothing: it notes when bytes arrive, and reads them when the round is over.

The machine that is measured also runs this, so no JSON is parsed and no HTTP client stands between the socket and the
clock. One connection for each request, as ``Connection: close`` asks of the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from tests.bench.figures import Answer

ANSWER_TIMEOUT_SECONDS = 180.0
CHAT_PATH = "/v1/chat/completions"
LAST_CHUNK = b"\r\n0\r\n\r\n"


class BadAnswer(RuntimeError):
    """The server's answer is not one that can be timed; the message says what is wrong."""


@dataclass
class Recording:
    """Bytes as they arrived: ``arrivals`` holds (seconds since the request was sent, bytes)."""

    sent_at: float = 0.0
    arrivals: list[tuple[float, bytes]] = field(default_factory=list)


class Recorder(asyncio.Protocol):
    def __init__(self, request: bytes, recording: Recording, finished: asyncio.Future[None]) -> None:
        self._request = request
        self._recording = recording
        self._finished = finished
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._recording.sent_at = time.perf_counter()
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        recording = self._recording
        recording.arrivals.append((time.perf_counter() - recording.sent_at, data))
        self._tail = (self._tail + data)[-len(LAST_CHUNK) :]
        if self._tail == LAST_CHUNK:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)


async def record_chat(url: str, body: dict[str, Any], *, path: str = CHAT_PATH) -> Recording:
    """Posts one chat and returns when the whole answer has come. Raises TimeoutError, OSError."""
    address = urlsplit(url)
    assert address.hostname is not None
    recording, finished = Recording(), asyncio.get_running_loop().create_future()
    request = request_bytes(address.netloc, body, path=path)
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: Recorder(request, recording, finished), address.hostname, address.port or 80
    )
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
            await finished
    finally:
        transport.abort()
    return recording


def request_bytes(host: str, body: dict[str, Any], *, path: str = CHAT_PATH) -> bytes:
    content = orjson.dumps(body)
    accepted = "text/event-stream" if path == CHAT_PATH else "*/*"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Accept: {accepted}\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def read_answer(recording: Recording, *, max_tokens: int) -> Answer:
    """Raises BadAnswer for an error, a stream that breaks off, or counts that contradict each other."""
    head, timed_lines = timed_sse_lines(recording)
    if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
        raise BadAnswer(b"".join(data for _, data in recording.arrivals)[:500].decode(errors="replace"))
    texts: list[str] = []
    seconds: list[float] = []
    finish_reason, usage, done = "", None, False
    for at, line in timed_lines:
        if line == b"[DONE]":
            done = True
            continue
        chunk = orjson.loads(line)
        if "error" in chunk:
            raise BadAnswer(str(chunk["error"])[:500])
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or ():
            finish_reason = choice.get("finish_reason") or finish_reason
            if text := (choice.get("delta") or {}).get("content"):
                texts.append(text)
                seconds.append(at)
    if not (done and usage and seconds):
        raise BadAnswer(f"the stream ended early: done={done} usage={usage} pieces={len(seconds)}")
    answer = Answer(
        text="".join(texts),
        n_prompt=usage["prompt_tokens"],
        n_tokens=usage["completion_tokens"],
        finish_reason=finish_reason,
        piece_seconds=tuple(seconds),
    )
    check_counts(answer, max_tokens)
    return answer


def check_counts(answer: Answer, max_tokens: int) -> None:
    """``usage`` is the server's word: hold it against what was seen."""
    if not len(answer.piece_seconds) <= answer.n_tokens <= max_tokens:
        raise BadAnswer(f"{answer.n_tokens} tokens in {len(answer.piece_seconds)} pieces, {max_tokens} asked for")
    if answer.finish_reason == "length" and answer.n_tokens != max_tokens:
        raise BadAnswer(f"ended for length after {answer.n_tokens} of {max_tokens} tokens")


def timed_sse_lines(recording: Recording) -> tuple[bytes, list[tuple[float, bytes]]]:
    """The response's head, and each ``data:`` line with the time at which its last byte was there."""
    lines: list[tuple[float, bytes]] = []
    head, buffer = b"", b""
    for at, payload in timed_payloads(recording):
        if not head:
            head = payload
            continue
        buffer += payload
        *whole, buffer = buffer.split(b"\n")
        lines += [(at, line[5:].strip()) for line in whole if line.startswith(b"data:")]
    return head, lines


def timed_payloads(recording: Recording) -> Iterator[tuple[float, bytes]]:
    """The head first, then the body's chunks (RFC 9112, 7.1), or its bytes where it is not chunked."""
    buffer, head = b"", b""
    for at, data in recording.arrivals:
        buffer += data
        if not head:
            head, separator, rest = buffer.partition(b"\r\n\r\n")
            if not separator:
                head = b""
                continue
            buffer = rest
            yield at, head
        if b"chunked" not in head.lower():
            yield at, buffer
            buffer = b""
            continue
        while b"\r\n" in buffer:
            size, _, rest = buffer.partition(b"\r\n")
            n = int(size.split(b";")[0], 16)
            if len(rest) < n + 2:
                break
            yield at, rest[:n]
            buffer = rest[n + 2 :]
