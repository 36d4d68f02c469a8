"""Tokens over the fake engine, in the test's own process: both vocabularies, with and without a model's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from api_openai.tokens.schema import Text, TokenizerInfo, Tokens
from inference.engine.fake.vocabulary import BOS, N_VOCAB, byte_tokens
from models_app.services.delete import model_delete
from power_site.http import run_db

HI = {"role": "user", "content": "a"}


async def tokens(client: httpx2.AsyncClient, path: str = "/tokenize", **fields: Any) -> dict[str, Any]:
    answer = await client.post(path, json={"model": "tiny"} | fields)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=Tokens)
    return answer.json()  # type: ignore[no-any-return]


async def refused(client: httpx2.AsyncClient, path: str = "/tokenize", status: int = 400, **fields: Any) -> Any:
    answer = await client.post(path, json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


@pytest.mark.parametrize("path", ["/tokenize", "/v1/tokenize"])
async def test_vllms_words(client: httpx2.AsyncClient, path: str) -> None:
    answer = await tokens(client, path, prompt="hé", return_token_strs=True)
    assert answer == {
        "model": "tiny:latest",
        "count": 4,
        "max_model_len": 64,
        "tokens": [BOS, *byte_tokens("hé")],
        "token_strs": ["<s>", "h", "\ufffd", "\ufffd"],
    }
    assert (await tokens(client, prompt="h", add_special_tokens=False))["tokens"] == byte_tokens("h")


async def test_llama_servers_words(client: httpx2.AsyncClient) -> None:
    assert (await tokens(client, content="h"))["tokens"] == byte_tokens("h")
    assert (await tokens(client, content="h", add_special=True))["tokens"] == [BOS, *byte_tokens("h")]
    assert (await tokens(client, content="<|fake|>"))["tokens"] == [2]
    assert (await tokens(client, content="<|fake|>", parse_special=False))["count"] == 8
    answer = await tokens(client, content="hé", with_pieces=True)
    assert [one["piece"] for one in answer["tokens"]] == ["h", [0xC3], [0xA9]]
    assert [one["id"] for one in answer["tokens"]] == byte_tokens("hé")


async def test_a_chat_has_as_many_tokens_as_its_generation_counts(client: httpx2.AsyncClient) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    for fields in ({}, {"tools": [tool]}):
        asked = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], **fields}
        counted = await tokens(client, **asked)
        chat = await client.post("/v1/chat/completions", json=asked | {"max_tokens": 1, "truncate": False})
        n_prompt = chat.json()["usage"]["prompt_tokens"] if chat.status_code == 200 else chat.json()["error"]["message"]
        assert str(counted["count"]) in str(n_prompt)


async def test_a_text_longer_than_the_context_has_its_tokens(client: httpx2.AsyncClient) -> None:
    assert (await tokens(client, prompt="x" * 500))["count"] == 501


async def test_a_model_that_only_embeds_has_tokens_too(client: httpx2.AsyncClient) -> None:
    assert (await tokens(client, model="embedder", prompt="h"))["tokens"] == [BOS, *byte_tokens("h")]
    error = await refused(client, model="embedder", messages=[{"role": "user", "content": "hi"}])
    assert "does not support chat" in error["message"]


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_tokens_become_text_under_both_names(client: httpx2.AsyncClient, prefix: str) -> None:
    asked = {"model": "tiny", "tokens": [BOS, *byte_tokens("hé")]}
    answer = await client.post(f"{prefix}/detokenize", json=asked)
    text = msgspec.json.decode(answer.content, type=Text)
    assert text.prompt == text.content == "<s>hé"


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_a_vocabulary_is_described(client: httpx2.AsyncClient, prefix: str) -> None:
    answer = await client.get(f"{prefix}/tokenizer_info", params={"model": "tiny"})
    info = msgspec.json.decode(answer.content, type=TokenizerInfo)
    assert (info.eos_token, info.eos_token_id, info.bos_token, info.pad_token) == ("</s>", 1, "<s>", None)
    assert (info.vocab_size, info.max_model_len, info.add_bos_token) == (N_VOCAB, 64, True)
    assert info.special_tokens == {"bos": 0, "eos": 1}


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/tokenize", {}, "prompt"),
        ("/tokenize", {"prompt": "a", "content": "a"}, "prompt"),
        ("/tokenize", {"messages": []}, "messages"),
        (
            "/tokenize",
            {"messages": [{"role": "user", "content": "a"}], "add_special_tokens": True},
            "add_special_tokens",
        ),
        (
            "/tokenize",
            {"messages": [HI], "add_generation_prompt": False},
            "add_generation_prompt",
        ),
        (
            "/tokenize",
            {"messages": [HI], "continue_final_message": True},
            "continue_final_message",
        ),
        ("/tokenize", {"prompt": "a", "chat_template": "{{ x }}"}, "chat_template"),
        ("/detokenize", {"tokens": [5, N_VOCAB * 9]}, "tokens"),
        ("/detokenize", {"tokens": "a"}, "tokens"),
        ("/detokenize", {}, "tokens"),
    ],
)
async def test_refusals_name_the_field(
    client: httpx2.AsyncClient, path: str, fields: dict[str, Any], param: str
) -> None:
    assert (await refused(client, path, model="tiny", **fields))["param"] == param


async def test_a_last_turn_of_the_assistant_may_be_said_to_go_on(client: httpx2.AsyncClient) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    plain = await tokens(client, messages=turns)
    assert await tokens(client, messages=turns, continue_final_message=True, add_generation_prompt=False) == plain


async def test_without_a_name_the_only_loaded_model_is_meant(client: httpx2.AsyncClient) -> None:
    error = await refused(client, prompt="a")
    assert error["param"] == "model"
    await tokens(client, prompt="a")
    answer = await client.post("/tokenize", json={"prompt": "a"})
    assert answer.json()["model"] == "tiny:latest"
    assert (await client.get("/tokenizer_info")).json()["model"] == "tiny:latest"


async def test_or_the_only_one_there_is(client: httpx2.AsyncClient, pull: Callable[..., Any], home: Path) -> None:
    for name in ("embedder", "ranker"):
        await run_db(model_delete, name=name)
    answer = await client.post("/tokenize", json={"prompt": "a"})
    assert answer.json()["model"] == "tiny:latest"


async def test_errors_have_openais_shape_at_the_root_too(client: httpx2.AsyncClient) -> None:
    assert (await refused(client, status=404, model="nope", prompt="a"))["code"] == "model_not_found"
    answer = await client.get("/tokenize")
    assert (answer.status_code, answer.json()["error"]["type"]) == (405, "invalid_request_error")
    answer = await client.post("/tokenize", content=b"x", headers={"Content-Length": str(10**12)})
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "invalid_request_error")
