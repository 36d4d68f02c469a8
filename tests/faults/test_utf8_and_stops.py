"""F33 and F34: characters of many tokens arrive whole, and a stop string is found across chunks and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import orjson
import pytest

from tests.faults.streams import generate, post
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

# The fake's tokens are bytes: each of these characters takes two to four of them.
TEXT = "añ😀日本 — naïve 👩‍👩‍👧 END "
N_BYTES = len(TEXT.encode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[LiveServer]:
    settings = {"backend": "fake", "fake_backend": f"delay=0.002&length={2 * N_BYTES}&text={quote(TEXT)}"}
    live = LiveServer(tmp_path_factory.mktemp("utf8") / "home", settings)
    live.add_model(tiny_gguf, "tiny")
    live.start()
    yield live
    assert live.is_alive()
    live.kill()


async def test_ollamas_stream_has_only_whole_characters(server: LiveServer) -> None:
    *chunks, last = [orjson.loads(line) for line in await (await generate(server)).lines()]
    assert "".join(chunk["response"] for chunk in chunks) == TEXT * 2
    assert all("\ufffd" not in chunk["response"] for chunk in chunks)
    assert last["eval_count"] == 2 * N_BYTES
    assert len(chunks) > 20, "it did stream"


async def test_openais_stream_has_only_whole_characters(server: LiveServer) -> None:
    stream = await post(server, "/v1/completions", prompt="hi")
    *lines, done = await stream.lines()
    assert done == b"[DONE]"
    assert "".join(orjson.loads(line)["choices"][0]["text"] for line in lines) == TEXT * 2


async def test_an_answer_cut_inside_a_character_shows_what_is_whole(server: LiveServer) -> None:
    n_before_emoji_ends = len("añ😀".encode()) - 1
    stream = await generate(server, options={"num_predict": n_before_emoji_ends})
    text = "".join(orjson.loads(line)["response"] for line in await stream.lines())
    assert text.removesuffix("\ufffd") == "añ"


@pytest.mark.parametrize("stop", ["END", "日本", "naïve 👩‍👩", "😀"])
async def test_a_stop_string_across_tokens_ends_the_answer_and_is_not_shown(server: LiveServer, stop: str) -> None:
    stream = await generate(server, options={"stop": ["never", stop]})
    *chunks, last = [orjson.loads(line) for line in await stream.lines()]
    assert "".join(chunk["response"] for chunk in chunks) == TEXT[: TEXT.index(stop)]
    assert last["done_reason"] == "stop"


async def test_the_beginning_of_a_stop_string_that_does_not_come_is_shown(server: LiveServer) -> None:
    stream = await generate(server, options={"stop": ["ENDLESS", "日本語"]})
    assert "".join(orjson.loads(line)["response"] for line in await stream.lines()) == TEXT * 2


@pytest.mark.parametrize("stream", [False, True])
def test_openais_stop_may_be_one_string(server: LiveServer, stream: bool) -> None:
    body = {"model": "tiny", "prompt": "hi", "stop": "日本", "stream": stream}
    answer = httpx2.post(f"{server.url}/v1/completions", json=body, timeout=60)
    if not stream:
        assert answer.json()["choices"][0]["text"] == "añ😀"
        assert answer.json()["choices"][0]["finish_reason"] == "stop"
        return
    chunks = [orjson.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "añ😀"
