"""Every public method of the `ollama` Python client, synchronous and not, against a live server and a real model."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import ollama
import pytest
from pydantic import BaseModel

from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

QUESTION = [{"role": "user", "content": "Say hello."}]
# With a seed the same question gets the same answer, whatever the cache holds.
SHORT = {"num_predict": 8, "temperature": 0, "seed": 1}
EMBEDDER = "all-minilm"

Call = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def embedder(server: LiveServer, minilm_gguf: Path) -> Iterator[str]:
    server.add_model(minilm_gguf, EMBEDDER)
    yield EMBEDDER
    assert server.manage("rm", EMBEDDER).returncode == 0


@pytest.fixture(params=["sync", "async"])
async def call(request: pytest.FixtureRequest, server: LiveServer) -> AsyncIterator[Call]:
    """``await call("chat", MODEL, …)``: the method's answer, and of a stream the list of its parts."""
    client: Any = (ollama.Client if request.param == "sync" else ollama.AsyncClient)(host=server.url, timeout=120)

    async def run(method: str, *arguments: Any, **options: Any) -> Any:
        answer = getattr(client, method)(*arguments, **options)
        if inspect.isawaitable(answer):
            answer = await answer
        if inspect.isasyncgen(answer):
            return [part async for part in answer]
        return list(answer) if inspect.isgenerator(answer) else answer

    yield run
    closed = client.close()
    if inspect.isawaitable(closed):
        await closed


@pytest.fixture
def tiny_digest(tiny_gguf: Path) -> str:
    return f"sha256:{hashlib.sha256(tiny_gguf.read_bytes()).hexdigest()}"


async def test_chat(call: Call) -> None:
    whole = await call("chat", MODEL, QUESTION, options=SHORT)
    parts = await call("chat", MODEL, QUESTION, options=SHORT, stream=True)
    assert whole.message.content == "".join(part.message.content for part in parts)
    assert (whole.done, parts[-1].done, parts[0].done) == (True, True, False)
    assert parts[-1].eval_count == whole.eval_count == 8


async def test_chat_in_a_format(call: Call) -> None:
    class Answer(BaseModel):
        yes: bool

    answer = await call("chat", MODEL, QUESTION, format=Answer.model_json_schema(), options=SHORT | {"num_predict": 64})
    assert isinstance(Answer.model_validate_json(answer.message.content).yes, bool)


async def test_generate(call: Call) -> None:
    whole = await call("generate", MODEL, "Hi", options=SHORT, system="Be brief.", keep_alive="5m")
    parts = await call("generate", MODEL, "Hi", options=SHORT, system="Be brief.", stream=True)
    assert whole.response == "".join(part.response for part in parts)
    assert whole.context == parts[-1].context
    logged = await call("generate", MODEL, "Hi", options=SHORT, logprobs=True, top_logprobs=2)
    assert len(logged.logprobs[0].top_logprobs) == 2


async def test_embed_and_embeddings(call: Call, embedder: str) -> None:
    many = await call("embed", embedder, ["one", "two"], truncate=True, dimensions=64)
    assert [len(vector) for vector in many.embeddings] == [64, 64]
    one = await call("embed", embedder, "one")
    assert len(one.embeddings[0]) == 384
    older = await call("embeddings", embedder, "one")
    assert list(older.embedding) == pytest.approx(list(one.embeddings[0]), abs=1e-4)


async def test_list_show_and_ps(call: Call) -> None:
    await call("generate", MODEL, "")
    listed = await call("list")
    assert MODEL in [model.model for model in listed.models]
    assert (await call("show", MODEL)).details.quantization_level == "Q4_1"
    assert MODEL in [model.model for model in (await call("ps")).models]


async def test_copy_and_delete(call: Call) -> None:
    assert (await call("copy", MODEL, "whole/copy")).status == "success"
    assert (await call("delete", "whole/copy")).status == "success"
    with pytest.raises(ollama.ResponseError, match="model 'whole/copy' not found"):
        await call("delete", "whole/copy")


async def test_create_and_create_blob(call: Call, tiny_gguf: Path, tiny_digest: str) -> None:
    digest = await call("create_blob", tiny_gguf)
    assert digest == tiny_digest
    made = await call("create", "whole/file", files={"tiny.gguf": digest}, system="Be brief.", parameters={"top_k": 3})
    assert made.status == "success"
    shown = await call("show", "whole/file")
    assert ("Be brief." in (shown.modelfile or ""), "top_k" in (shown.parameters or "")) == (True, True)
    lines = await call("create", "whole/of", from_="whole/file", messages=QUESTION, license="MIT", stream=True)
    assert lines[-1].status == "success"
    for name in ("whole/file", "whole/of"):
        await call("delete", name)


async def test_pull(call: Call) -> None:
    lines = await call("pull", MODEL, stream=True)
    bars = {line.digest: line for line in lines if line.digest}
    assert (lines[0].status, lines[-1].status) == ("pulling manifest", "success")
    assert all(bar.completed == bar.total for bar in bars.values())
    assert len(bars) == 2, "the model and the config"
    assert (await call("pull", MODEL, insecure=True)).status == "success"


async def test_pull_of_what_nobody_has(call: Call) -> None:
    with pytest.raises(ollama.ResponseError, match="pull model manifest: file does not exist") as whole:
        await call("pull", "nobody-has-this")
    assert whole.value.status_code == 500
    with pytest.raises(ollama.ResponseError, match="pull model manifest: file does not exist"):
        await call("pull", "nobody-has-this", stream=True)


async def test_push_says_that_there_is_no_way_yet(call: Call) -> None:
    with pytest.raises(ollama.ResponseError, match=r"pushing to 'registry\.ollama\.ai' is not supported"):
        await call("push", MODEL, stream=True)
    with pytest.raises(ollama.ResponseError, match="model 'nobody-has-this' not found"):
        await call("push", "nobody-has-this")


@pytest.mark.parametrize(("method", "argument"), [("web_search", "x"), ("web_fetch", "https://example.com")])
def test_the_web_is_asked_of_ollamas_own_site_and_takes_its_key(server: LiveServer, method: str, argument: str) -> None:
    """The client never sends it to the server that it was given, so nothing arrives here."""
    for kind in (ollama.Client, ollama.AsyncClient):
        assert "https://ollama.com/api/" in inspect.getsource(getattr(kind, method))
    with pytest.raises(ValueError, match="Authorization header with Bearer token is required"):
        getattr(ollama.Client(host=server.url), method)(argument)


async def test_systemone_is_not_here_and_the_answer_says_so(call: Call) -> None:
    with pytest.raises(ollama.ResponseError, match="not found") as caught:
        await call(
            "systemone", MODEL, "x", {"q": {"type": "score", "instructions": "How warm?", "criteria": ["a", "b"]}}
        )
    assert caught.value.status_code == 404


def test_no_public_method_is_left_out() -> None:
    called = set(re.findall(r'call\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    tested = called | {"web_search", "web_fetch", "close"}
    for client in (ollama.Client, ollama.AsyncClient):
        assert {name for name in dir(client) if not name.startswith("_")} <= tested
