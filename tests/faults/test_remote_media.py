"""S19: URLs of images in a request, by every wire that takes them. Who is not named is never asked, and is a 400 before
the first byte of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import StartServer
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer
from tests.models_app.rogue import Request, Rogue, redirect, rogue_server
from tests.pictures import picture

pytestmark = pytest.mark.slow

EYE = "eye"
USER = "user"
ASKS: dict[str, Callable[[str], dict[str, Any]]] = {
    "/v1/chat/completions": lambda url: {
        "messages": [{"role": USER, "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    },
    "/v1/responses": lambda url: {
        "input": [{"role": USER, "content": [{"type": "input_image", "image_url": url, "detail": "auto"}]}],
        "store": False,
    },
    "/v1/messages": lambda url: {
        "max_tokens": 9,
        "messages": [{"role": USER, "content": [{"type": "image", "source": {"type": "url", "url": url}}]}],
    },
}


def serve(request: Request) -> None:
    request.head(200, Content_Type="image/png", Content_Length=len(request.rogue.data))
    request.wfile.write(request.rogue.data)


@pytest.fixture
def named() -> Iterator[Rogue]:
    with rogue_server(picture(1)) as rogue:
        rogue.answer = serve
        yield rogue


@pytest.fixture
def canary() -> Iterator[Rogue]:
    with rogue_server(picture(2)) as rogue:
        rogue.answer = serve
        yield rogue


@pytest.fixture
def server(start_server: StartServer, tmp_path: Path, named: Rogue) -> LiveServer:
    path = write_tiny_gguf(tmp_path / "eye.gguf", extra={"llama.vision.block_count": 1})
    return start_server(
        models={EYE: path},
        fake_backend="length=5&image_tokens=4",
        media_hosts=named.host,
        allow_private_hosts=named.host,
    )


def test_only_the_named_host_is_asked(server: LiveServer, named: Rogue, canary: Rogue) -> None:
    port = canary.host.rpartition(":")[2]
    refused = [f"{canary.url}/x.png", f"https://localhost:{port}/x", f"http://[::ffff:127.0.0.1]:{port}/x",
               "file:///etc/passwd", f"http://{named.host}@127.0.0.1:{port}/", f"{named.url}/away"]  # fmt: skip
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for path, ask in ASKS.items():
            named.answers = []
            answer = client.post(path, json={"model": EYE} | ask(f"{named.url}/x.png"))
            assert answer.status_code == 200, answer.text
            for url in refused:
                named.answers = [redirect(f"{canary.url}/secret")] if url.endswith("/away") else []
                for stream in (False, True):
                    answer = client.post(path, json={"model": EYE, "stream": stream} | ask(url))
                    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
                        400,
                        "application/json",
                    ), (path, url, answer.text)
                    named.answers = [redirect(f"{canary.url}/secret")] if url.endswith("/away") else []
    assert [request.path for request in named.requests].count("/x.png") == len(ASKS)
    assert canary.requests == []
