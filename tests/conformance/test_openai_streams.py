"""The `openai` Python SDK and what may befall a stream: waiting, and a worker that dies in its midst."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.conftest import StartServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ASKED: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def sdk(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="any key will do", max_retries=0, timeout=60)


def test_comments_while_a_model_loads_are_no_chunks(start_server: StartServer, tiny_gguf: Path) -> None:
    server = start_server(
        models={"tiny": tiny_gguf}, fake_backend="length=2&text=ok&load_delay=1", heartbeat_interval="100ms"
    )
    with sdk(server.url) as client:
        raw = client.chat.completions.with_raw_response.create(**ASKED)
        chunks = list(raw.parse())
    assert raw.headers["x-request-id"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "ok"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_worker_that_dies_in_the_midst_is_an_exception(start_server: StartServer, tiny_gguf: Path) -> None:
    server = start_server(models={"tiny": tiny_gguf}, fake_backend="delay=0.02&length=-1", context_length=2048)
    with sdk(server.url) as client:
        stream = client.chat.completions.create(**ASKED)
        assert next(iter(stream)).choices[0].delta.role == "assistant"
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(openai.APIError, match="unexpectedly stopped") as caught:
            list(stream)
    assert caught.value.code == "model_failed"
    assert caught.value.type == "server_error"
