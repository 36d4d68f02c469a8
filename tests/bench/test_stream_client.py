"""What the load generator reads out of the bytes it recorded."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from tests.bench.stream_client import BadAnswer, Recording, read_answer, record_chat, timed_sse_lines

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def sse(value: object) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(value)


def text(content: str) -> bytes:
    return sse({"choices": [{"delta": {"content": content}}]})


def ending(*, n_tokens: int, reason: str = "length") -> bytes:
    finish = sse({"choices": [{"delta": {}, "finish_reason": reason}]})
    usage = sse({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": n_tokens}})
    return finish + usage + b"data: [DONE]\n\n"


def recording(*arrivals: bytes) -> Recording:
    return Recording(arrivals=[(float(second), data) for second, data in enumerate(arrivals, start=1)])


def test_each_piece_has_the_time_of_its_last_byte() -> None:
    split = chunked(text("lo"))
    answer = read_answer(
        recording(HEAD + chunked(text("hel")), split[:9], split[9:], chunked(ending(n_tokens=2))), max_tokens=2
    )
    assert answer.text == "hello"
    assert answer.piece_seconds == (1.0, 3.0)
    assert (answer.n_prompt, answer.n_tokens, answer.finish_reason) == (7, 2, "length")


def test_a_role_and_empty_text_are_no_first_token() -> None:
    role = sse({"choices": [{"delta": {"role": "assistant", "content": None}}]}) + text("")
    answer = read_answer(
        recording(HEAD, chunked(role), chunked(text("a") + ending(n_tokens=1, reason="stop"))), max_tokens=9
    )
    assert answer.ttft_seconds == 3.0


def test_a_head_in_two_arrivals_is_put_together() -> None:
    head, lines = timed_sse_lines(recording(HEAD[:20], HEAD[20:], chunked(b"data: 1\n\n")))
    assert head.startswith(b"HTTP/1.1 200")
    assert lines == [(3.0, b"1")]


def test_a_body_without_chunks_is_read_as_it_stands() -> None:
    plain = HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"")
    assert timed_sse_lines(recording(plain, b"data: 1\n", b"\ndata: 2\n\n"))[1] == [(2.0, b"1"), (3.0, b"2")]


def test_an_error_status_is_told_with_its_body() -> None:
    with pytest.raises(BadAnswer, match="model not found"):
        read_answer(recording(b"HTTP/1.1 404 Not Found\r\n\r\n", b'{"error":"model not found"}'), max_tokens=1)


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    with pytest.raises(BadAnswer, match="ended early"):
        read_answer(recording(HEAD, chunked(text("a"))), max_tokens=1)


@pytest.mark.parametrize(("n_tokens", "max_tokens"), [(1, 9), (9, 8), (3, 4)], ids=["fewer", "too many", "not all"])
def test_a_usage_that_contradicts_the_stream_is_refused(n_tokens: int, max_tokens: int) -> None:
    pieces = chunked(text("a") + text("b") + ending(n_tokens=n_tokens))
    with pytest.raises(BadAnswer, match="tokens"):
        read_answer(recording(HEAD, pieces), max_tokens=max_tokens)


async def test_an_answer_is_recorded_from_a_real_socket() -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + chunked(text("a") + ending(n_tokens=1)) + b"0\r\n\r\n")
        await writer.drain()
        await reader.read()  # the client leaves at the last chunk, without waiting for the server to close
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await record_chat(f"http://127.0.0.1:{port}", {"model": "m"})
    assert requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert read_answer(found, max_tokens=1).text == "a"
