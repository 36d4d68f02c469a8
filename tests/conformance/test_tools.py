"""Tools and thinking by the `ollama` client: a model that knows them, scripted, and one that knows none, forced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import jsonschema
import ollama
import pytest

from tests.conftest import StartServer
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TEMPLATES = Path(__file__).parents[1] / "inference" / "chat" / "data" / "jinja"
QWEN = (TEMPLATES / "qwen38_chat_template.jinja").read_text()
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city", "unit", "days"],
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": PARAMETERS}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time"}}
QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]
ARGUMENTS = {"city": "Paris", "unit": "celsius", "days": 2}
ANSWER = (
    "<think>\nThey ask for <tool_call>s.\n</think>\n\nLet me see.\n<tool_call>\n<function=get_weather>\n"
    "<parameter=city>\nParis\n</parameter>\n<parameter=unit>\ncelsius\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
    "</function>\n</tool_call>"
)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with the template of a Qwen3."""
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "qwen.gguf", chat_template=QWEN)


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory, qwen: Path) -> Iterator[LiveServer]:
    """A server whose model answers what is written above."""
    script = f"text={quote(ANSWER)}&length={len(ANSWER)}"
    server = LiveServer(tmp_path_factory.mktemp("thinker") / "home", {"backend": "fake", "fake_backend": script})
    server.add_model(qwen, "qwen")
    server.start()
    yield server
    assert server.terminate() == 0


def lines(server: LiveServer, path: str = "chat", **body: Any) -> list[dict[str, Any]]:
    asked = {"model": "qwen"} | ({"messages": QUESTION} if path == "chat" else {"prompt": "hi"}) | body
    answer = httpx2.post(f"{server.url}/api/{path}", json=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    return [httpx2.Response(200, content=line).json() for line in answer.text.splitlines()]


def joined(chunks: list[dict[str, Any]], field: str) -> str:
    return "".join(chunk["message"].get(field, "") for chunk in chunks)


def calls_of(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for chunk in chunks for call in chunk["message"].get("tool_calls", [])]


def test_an_answer_is_the_same_streamed_and_not(thinker: LiveServer) -> None:
    streamed = lines(thinker, tools=[WEATHER, CLOCK])
    whole = lines(thinker, tools=[WEATHER, CLOCK], stream=False)
    for chunks in (streamed, whole):
        assert joined(chunks, "thinking") == "They ask for <tool_call>s."
        assert joined(chunks, "content") == "Let me see."
        (call,) = calls_of(chunks)
        assert re.fullmatch(r"call_[a-z0-9]{8}", call["id"])
        assert call["function"] == {"index": 0, "name": "get_weather", "arguments": ARGUMENTS}
        assert chunks[-1]["done_reason"] == "stop"
        assert chunks[-1]["eval_count"] == len(ANSWER)


def test_the_client_reads_thoughts_and_calls(thinker: LiveServer) -> None:
    client = ollama.Client(host=thinker.url)
    assert client.show("qwen").capabilities == ["completion", "tools", "thinking"]
    message = client.chat("qwen", messages=QUESTION, tools=[WEATHER]).message
    assert message.thinking == "They ask for <tool_call>s."
    assert message.tool_calls is not None
    assert message.tool_calls[0].function.arguments == ARGUMENTS


def test_without_tools_a_call_is_text(thinker: LiveServer) -> None:
    for body in ({}, {"tools": [WEATHER], "tool_choice": "none"}):
        chunks = lines(thinker, **body)
        assert "<function=get_weather>" in joined(chunks, "content")
        assert calls_of(chunks) == []


def test_generate_thinks_too(thinker: LiveServer) -> None:
    (whole,) = lines(thinker, "generate", stream=False)
    assert whole["thinking"] == "They ask for <tool_call>s."
    assert whole["response"].startswith("Let me see.")


def test_thinking_ends_where_its_budget_does(start_server: StartServer, qwen: Path) -> None:
    """The script goes on with what it was about to say: only the budget can have ended the thoughts."""
    server = start_server(models={"qwen": qwen}, fake_backend=f"text={quote('<think>' + 'x' * 1100)}&length=1107")
    (low,) = lines(server, think="low", stream=False)
    assert low["message"]["thinking"] == "x" * 1024
    assert low["message"]["content"] == "x" * 76
    (off,) = lines(server, think=False, stream=False)
    assert "thinking" not in off["message"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"tools": [{}]}, 'invalid value for "tools[0].function": expected an object'),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "g"}}}, '"g"'),
        ({"tool_choice": "required"}, "without tools"),
        ({"think": "deeply"}, 'invalid think value: "deeply"'),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
    ],
)
def test_what_can_not_be_is_refused_by_name(shared_server: LiveServer, body: dict[str, Any], error: str) -> None:
    asked = {"model": "tiny", "messages": QUESTION} | body
    answer = httpx2.post(f"{shared_server.url}/api/chat", json=asked, timeout=60)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_a_model_of_text_refuses_tools_and_thoughts_in_ollamas_words(shared_server: LiveServer) -> None:
    client = ollama.Client(host=shared_server.url)
    with pytest.raises(ollama.ResponseError, match=r"^registry.ollama.ai/library/tiny:latest does not support tools"):
        client.chat("tiny", messages=QUESTION, tools=[WEATHER])
    with pytest.raises(ollama.ResponseError, match='"tiny" does not support thinking'):
        client.chat("tiny", messages=QUESTION, think=True)
    with pytest.raises(ollama.ResponseError, match=r"^registry.ollama.ai/library/tiny:latest does not support insert"):
        client.generate("tiny", prompt="def f(", suffix="return 1")


@pytest.fixture(scope="module")
def generic(tmp_path_factory: pytest.TempPathFactory, smollm2_path: Path) -> Iterator[LiveServer]:
    """The real SmolLM2, whose template knows no tools, on a server that offers them in words."""
    pytest.importorskip("llama_cpp")
    server = LiveServer(
        tmp_path_factory.mktemp("generic") / "home", {"generic_tools": "true", "num_threads": 1, "context_length": 2048}
    )
    server.add_model(smollm2_path, "smollm2")
    server.start()
    yield server
    assert server.terminate() == 0


@pytest.mark.real_model
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_forced_call_fits_its_schema_whatever_the_model(generic: LiveServer, choice: Any, stream: bool) -> None:
    chunks = lines(
        generic,
        model="smollm2",
        tools=[WEATHER],
        tool_choice=choice,
        stream=stream,
        options={"temperature": 1.5, "seed": 7, "num_predict": 256},
    )
    calls = calls_of(chunks)
    assert len(calls) == 1 or (calls and choice == "required")
    for call in calls:
        assert call["function"]["name"] == "get_weather"
        jsonschema.validate(call["function"]["arguments"], PARAMETERS)
    assert joined(chunks, "content") == ""


@pytest.mark.real_model
def test_the_client_can_take_a_call_and_bring_its_result(generic: LiveServer) -> None:
    client = ollama.Client(host=generic.url, timeout=120)
    asked = httpx2.post(
        f"{generic.url}/api/chat",
        json={"model": "smollm2", "messages": QUESTION, "tools": [WEATHER], "tool_choice": "required", "stream": False},
        timeout=120,
    ).json()["message"]
    result = {"role": "tool", "tool_name": "get_weather", "content": "sunny"}
    answer = client.chat("smollm2", messages=[*QUESTION, asked, result], options={"num_predict": 16})
    assert answer.message.content
    rendered = lines(
        generic, model="smollm2", messages=[*QUESTION, asked, result], tools=[WEATHER], _debug_render_only=True
    )
    prompt = rendered[0]["_debug_info"]["rendered_template"]
    assert '{"name": "get_weather", "arguments": {"city": ' in prompt
    assert "Result of get_weather: sunny" in prompt
