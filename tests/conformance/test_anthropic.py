"""The `anthropic` Python SDK against live servers, in an environment of its own: clients/anthropic_suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.conformance.clients_env import SUITES, client_env
from tests.conformance.conftest import MODEL
from tests.conformance.test_tools import ANSWER, QWEN
from tests.conftest import StartServer
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer
from tests.pictures import in_base64, picture
from tests.seeing import create_seeing

# The first of these tests installs the SDK.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SUITE = SUITES / "anthropic_suite"


def suite(name: str, live: LiveServer, tmp_path: Path, *, model: str) -> str:
    return client_env("anthropic").run(
        "python",
        *("-m", "pytest", "-c", str(SUITE / "pytest.ini"), "--rootdir", str(SUITE), str(SUITE / name)),
        cwd=tmp_path,
        seconds=600,
        PYTHONPATH=str(SUITE),
        POWER_URL=live.url,
        POWER_MODEL=model,
    )


@pytest.mark.real_model
def test_the_sdk_speaks_to_a_real_model(server: LiveServer, tmp_path: Path) -> None:
    assert " passed" in suite("real", server, tmp_path, model=MODEL)


def test_thoughts_and_calls(start_server: StartServer, tmp_path: Path) -> None:
    qwen = write_tiny_gguf(tmp_path / "qwen.gguf", chat_template=QWEN)
    script = f"text={quote(ANSWER)}&length={len(ANSWER)}"
    live = start_server(models={"qwen": qwen}, fake_backend=script)
    assert " passed" in suite("scripted", live, tmp_path, model="qwen")


def test_overload_retries_and_leaving(start_server: StartServer, tiny_gguf: Path, tmp_path: Path) -> None:
    full = start_server(
        models={"tiny": tiny_gguf},
        fake_backend="delay=0.02&length=-1",
        num_parallel=1,
        max_queue=0,
        context_length=2048,
    )
    assert " passed" in suite("full", full, tmp_path, model="tiny")


def test_a_model_that_sees_counts_every_image(start_server: StartServer, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    live = start_server(backend="llama", num_threads=1)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": in_base64(picture(1))}}
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    seen = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [image]}
    said: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}
    talk = [said, {"role": "assistant", "content": [call]}, {"role": "user", "content": [seen]}]
    with httpx2.Client(base_url=live.url, timeout=60) as client:
        create_seeing(client, tmp_path, "eye")

        def tokens(*messages: dict[str, Any]) -> int:
            body = {"model": "eye", "messages": messages}
            counted: int = client.post("/v1/messages/count_tokens", json=body).json()["input_tokens"]
            answer = client.post("/v1/messages", json={**body, "max_tokens": 2}).json()
            assert answer["usage"]["input_tokens"] == counted
            return counted

        blind = tokens({"role": "user", "content": said["content"][:1]})
        assert tokens(said) > blind
        assert tokens(*talk) > tokens(said)


def test_who_waits_for_the_prompt_hears_pings_and_then_the_answer(start_server: StartServer, tiny_gguf: Path) -> None:
    live = start_server(models={"tiny": tiny_gguf}, fake_backend="delay=1.2&length=2", heartbeat_interval="0.3s")
    body = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, "stream": True}
    with httpx2.stream("POST", f"{live.url}/v1/messages", json=body, timeout=60) as answer:
        assert answer.status_code == 200
        kinds = [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]
    assert kinds[:2] == ["ping"] * 2
    said = [kind for kind in kinds if kind not in ("ping", "content_block_delta")]
    order = ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]
    assert said == order
