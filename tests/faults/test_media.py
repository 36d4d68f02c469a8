"""S29: pictures and sounds that are bombs, damaged, or none at all are refused, and the worker lives on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live import LiveServer
from tests.pictures import flac_head, in_base64, picture, png_bomb, wav
from tests.seeing import create_seeing

pytestmark = pytest.mark.slow

TEXT_ONLY = "this model is missing data required for image input"
REFUSED = {
    "1x1": picture(width=1, height=1),
    "1x20000": picture(width=1, height=20_000),
    "20x20000": picture(width=20, height=20_000),
    "a PNG bomb": png_bomb(),
    "a bomb just above the limit": png_bomb(8_000, 5_001),
    "a PNG cut off": picture()[:-700],
    "a JPEG cut off": picture(file_format="JPEG")[:400],
    "a WebP cut off": picture(file_format="WEBP")[:80],
    "TIFF": picture(file_format="TIFF"),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    "PDF": b"%PDF-1.7\n",
    "an archive": b"PK\x03\x04" + bytes(100),
    "a video": b"\x00\x00\x00\x20ftypisom" + bytes(200),
    "zeros": bytes(10_000),
    "text": b"not a picture",
    "sound": wav(),
    "a sound with a false rate": wav(rate=1, seconds=4_000),
    "a sound with a false length": wav(data_bytes=0xFFFFFFF0),
    "years of silence": flac_head(rate=8_000, n_samples=(1 << 36) - 1),
}
NOT_BASE64 = ["!!!", "data:image/png;base64,aGVsbG8=", "aGVsbG8", "", 7, None, ["aGVsbG8="], "é"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[LiveServer]:
    pytest.importorskip("llama_cpp")
    folder = tmp_path_factory.mktemp("media")
    live = LiveServer(folder / "home", {"num_threads": 1, "max_loaded_models": 2})
    live.add_model(tiny_gguf, "blind")
    live.start()
    with httpx2.Client(base_url=live.url, timeout=60) as client:
        create_seeing(client, folder)
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        yield client


def chat(client: httpx2.Client, images: list[Any], *, model: str = "eye") -> httpx2.Response:
    message = {"role": "user", "content": "What is this?", "images": images}
    body = {"model": model, "messages": [message], "stream": False, "options": {"num_predict": 2}}
    return client.post("/api/chat", json=body)


def generate(client: httpx2.Client, images: list[Any], *, model: str = "eye") -> httpx2.Response:
    body = {"model": model, "prompt": "What?", "images": images, "stream": False, "options": {"num_predict": 2}}
    return client.post("/api/generate", json=body)


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_looked_at_is_a_400_and_the_worker_lives(
    server: LiveServer, client: httpx2.Client, name: str
) -> None:
    assert chat(client, [in_base64(picture(1))]).status_code == 200
    workers = server.workers()
    for ask in (chat, generate):
        refused = ask(client, [in_base64(picture(1)), in_base64(REFUSED[name])])
        assert refused.status_code == 400
        assert set(refused.json()) == {"error"}
    assert chat(client, [in_base64(picture(1))]).status_code == 200
    assert server.workers() == workers


@pytest.mark.parametrize("image", NOT_BASE64, ids=repr)
def test_what_is_no_base64_is_a_400_that_says_where(client: httpx2.Client, image: Any) -> None:
    refused = chat(client, [in_base64(picture(1)), image])
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("messages[0].images[1] ")
    assert generate(client, [image]).json()["error"].startswith("images[0] ")


def test_more_than_a_hundred_are_too_many(client: httpx2.Client) -> None:
    refused = chat(client, [in_base64(picture(1))] * 101)
    assert (refused.status_code, refused.json()) == (400, {"error": "101 images, 100 are allowed in a request"})


def test_a_hundred_are_not(client: httpx2.Client) -> None:
    answered = chat(client, [in_base64(picture(seed)) for seed in range(100)])
    assert answered.status_code == 200
    assert answered.json()["prompt_eval_count"] > 400


@pytest.mark.parametrize("ask", [chat, generate])
def test_a_model_of_text_says_what_it_lacks_and_answers_texts(client: httpx2.Client, ask: Any) -> None:
    refused = ask(client, [in_base64(picture(1))], model="blind")
    assert (refused.status_code, refused.json()) == (400, {"error": TEXT_ONLY})
    assert ask(client, [], model="blind").status_code == 200


def test_nobody_finds_a_picture_in_the_log(server: LiveServer, client: httpx2.Client) -> None:
    image = in_base64(picture(77))
    assert chat(client, [image]).status_code == 200
    assert chat(client, [image[: len(image) // 8 * 4]]).status_code == 400
    assert image[:40] not in server.log()


def test_a_projector_of_another_model_is_a_clear_error_and_no_crash(
    server: LiveServer, client: httpx2.Client, tmp_path: Path
) -> None:
    create_seeing(client, tmp_path, "odd", n_proj=96)
    failed = chat(client, [in_base64(picture(1))], model="odd")
    assert failed.status_code == 500
    assert "projector" in failed.json()["error"]
    assert str(server.home) not in failed.text
    assert chat(client, [in_base64(picture(1))]).status_code == 200
