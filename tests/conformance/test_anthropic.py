"""The `anthropic` Python SDK against live servers, in an environment of its own: clients/anthropic_suite."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conformance.clients_env import SUITES, client_env
from tests.conformance.conftest import MODEL
from tests.conformance.test_tools import ANSWER, QWEN
from tests.conftest import StartServer
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer

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
