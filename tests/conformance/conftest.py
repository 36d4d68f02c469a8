"""One real server with the real SmolLM2 for all conformance tests, and the clients that people use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import ollama
import openai
import pytest

from tests.live import LiveServer

MODEL = "smollm2:135m"
collect_ignore = ["clients"]  # suites for the clients' own environments


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, smollm2_path: Path) -> Iterator[LiveServer]:
    pytest.importorskip("llama_cpp")
    live = LiveServer(tmp_path_factory.mktemp("conformance") / "home", {"num_threads": 1, "max_loaded_models": 2})
    pulled = live.manage("pull", MODEL)
    assert pulled.returncode == 0, pulled.stderr
    live.start()
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


@pytest.fixture(scope="session")
def full_server(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[LiveServer]:
    """A fast server with one place and no queue: its model ``tiny`` writes until ``max_tokens``, or is left."""
    settings = {"backend": "fake", "fake_backend": "delay=0.02&length=-1", "num_parallel": 1, "max_queue": 0}
    live = LiveServer(tmp_path_factory.mktemp("full") / "home", settings | {"context_length": 2048})
    live.add_model(tiny_gguf, "tiny")
    live.start()
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


@pytest.fixture
def client(server: LiveServer) -> ollama.Client:
    return ollama.Client(host=server.url, timeout=120)


@pytest.fixture
def sdk(server: LiveServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any key will do", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture
def raw(server: LiveServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=120) as client:
        yield client
