"""langchain-tests' standard suites for ChatOllama, ChatOpenAI and their embeddings, in the environment of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients_env import SUITES, client_env
from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(1600)]


@pytest.fixture(scope="module")
def generic(tmp_path_factory: pytest.TempPathFactory, smollm2_path: Path, minilm_gguf: Path) -> Iterator[LiveServer]:
    """SmolLM2's template knows no tools: the server asks for them in words."""
    settings = {"max_loaded_models": 2, "generic_tools": "true"}
    live = LiveServer(tmp_path_factory.mktemp("langchain") / "home", settings)
    for command in (["pull", MODEL], ["cp", MODEL, f"{MODEL}-copy"]):
        done = live.manage(*command)
        assert done.returncode == 0, done.stderr
    live.add_model(minilm_gguf, "all-minilm")
    live.start()
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


def suite(name: str, live: LiveServer, tmp_path: Path, *options: str) -> str:
    return client_env("langchain").run(
        "pytest",
        *("-c", str(SUITES / "pytest.ini"), "--rootdir", str(SUITES), str(SUITES / name), *options),
        cwd=tmp_path,
        seconds=1500,
        POWER_URL=live.url,
        POWER_MODEL=MODEL,
        POWER_EMBED_MODEL="all-minilm",
    )


def test_chat_ollama(generic: LiveServer, tmp_path: Path) -> None:
    assert " passed" in suite("langchain_chat.py", generic, tmp_path, "-k", "TestChatOllama")


def test_chat_ollama_with_forced_tools(generic: LiveServer, tmp_path: Path) -> None:
    assert " passed" in suite("langchain_chat.py", generic, tmp_path, "-k", "TestForced and (tool or agent)")


def test_chat_openai(generic: LiveServer, tmp_path: Path) -> None:
    talk = "TestChatOpenAI and not tool and not agent"
    assert " passed" in suite("langchain_chat_openai.py", generic, tmp_path, "-k", talk)


def test_chat_openai_with_tools(generic: LiveServer, tmp_path: Path) -> None:
    assert " passed" in suite("langchain_chat_openai.py", generic, tmp_path, "-k", "TestTools and (tool or agent)")


def test_chat_openai_over_responses(generic: LiveServer, tmp_path: Path) -> None:
    """What differs by the endpoint: answers, streams, usage, calls and schemas. The rest is the same code above it."""
    both = "(TestResponses and (invoke or stream or usage or optional or conversation))"
    tools = "(TestResponsesTools and (test_tool_calling or test_tool_choice or histories))"
    assert " passed" in suite("langchain_chat_openai.py", generic, tmp_path, "-k", f"{both} or {tools}")


def test_embeddings(generic: LiveServer, tmp_path: Path) -> None:
    assert "10 passed" in suite("langchain_embed.py", generic, tmp_path)
