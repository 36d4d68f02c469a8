"""schemathesis runs Ollama's OpenAPI document, and our own, against real servers: no 5xx, nothing beside the schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conformance.clients_env import HERE, client_env
from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OLLAMAS = HERE / "data" / "ollama_openapi.yaml"
CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def fake_server(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[LiveServer]:
    """Fast, with the model ``tiny``, and without a hub: a name that is pulled by chance leads nowhere."""
    settings = {"backend": "fake", "fake_backend": "length=8", "hub_url": "http://127.0.0.1:9"}
    live = LiveServer(tmp_path_factory.mktemp("openapi") / "home", settings)
    live.add_model(tiny_gguf, "tiny")
    live.start()
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


def schemathesis(
    document: str, *options: str, url: str, model: str, blob: Path, cwd: Path, response_id: str = ""
) -> str:
    fixed = ["--generation-deterministic", "--no-color", "--warnings=off", "--continue-on-failure"]
    digest = f"sha256:{hashlib.sha256(blob.read_bytes()).hexdigest()}"
    return client_env("schemathesis").run(
        "schemathesis",
        *("run", document, f"--url={url}", *fixed, *options),
        cwd=cwd,
        seconds=600,
        SCHEMATHESIS_HOOKS="schemathesis_hooks",
        POWER_MODEL=model,
        POWER_DIGEST=digest,
        POWER_RESPONSE=response_id,
    )


def statuses(log: str, route: str) -> set[str]:
    return set(re.findall(rf"route={re.escape(route)} status=(\d+)", log))


def test_ollamas_document_holds(fake_server: LiveServer, tiny_gguf: Path, tmp_path: Path) -> None:
    schemathesis(
        str(OLLAMAS),
        *("--phases=examples,coverage,fuzzing", f"--checks={CHECKS}", "--max-examples=12"),
        url=fake_server.url,
        model="tiny",
        blob=tiny_gguf,
        cwd=tmp_path,
    )
    for route in ("generate", "chat", "show", "copy", "pull", "push", "tags", "ps", "version", "delete"):
        assert "200" in statuses(fake_server.log(), f"/api/{route}"), f"nothing was answered by {route}"


def test_our_own_document_holds(fake_server: LiveServer, tiny_gguf: Path, tmp_path: Path) -> None:
    strict = f"{CHECKS},status_code_conformance,response_headers_conformance"
    asked = {"model": "tiny", "input": "Hi", "max_output_tokens": 4}
    stored = httpx2.post(f"{fake_server.url}/v1/responses", json=asked, timeout=60).json()
    schemathesis(
        f"{fake_server.url}/openapi.json",
        *("--phases=coverage,fuzzing", f"--checks={strict}", "--max-examples=12"),
        url=fake_server.url,
        model="tiny",
        blob=tiny_gguf,
        cwd=tmp_path,
        response_id=stored["id"],
    )
    for route in (
        *("chat/completions", "completions", "models", "embeddings", "tokenize", "detokenize", "tokenizer_info"),
        *("responses", "responses/input_tokens", "responses/<str:response_id>", "messages", "messages/count_tokens"),
        "responses/<str:response_id>/input_items",
    ):
        assert "200" in statuses(fake_server.log(), f"/v1/{route}"), f"nothing was answered by {route}"


@pytest.mark.real_model
def test_ollamas_document_holds_with_a_real_model(server: LiveServer, smollm2_path: Path, tmp_path: Path) -> None:
    answers = [f"--include-path=/api/{name}" for name in ("generate", "chat", "embed", "show", "tags", "ps")]
    schemathesis(
        str(OLLAMAS),
        *("--phases=examples,fuzzing", f"--checks={CHECKS}", "--max-examples=12", *answers),
        url=server.url,
        model=MODEL,
        blob=smollm2_path,
        cwd=tmp_path,
    )
    assert httpx2.get(f"{server.url}/health", timeout=30).json()["status"] == "ok"
