"""/v1/completions over the fake engine, in the test's own process. Its answers repeat the prompt."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import httpx2
import msgspec
import pytest

from api_openai.completions.schema import Completion
from inference.engine.fake.vocabulary import BOS, N_VOCAB, byte_tokens


async def ask(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/completions", json={"model": "tiny", "max_tokens": 4} | fields)
    assert answer.status_code == 200, answer.text
    msgspec.json.decode(answer.content, type=Completion)
    return answer.json()  # type: ignore[no-any-return]


async def refused(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/completions", json={"model": "tiny"} | fields)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]  # type: ignore[no-any-return]


async def streamed(client: httpx2.AsyncClient, **fields: Any) -> list[Any]:
    answer = await client.post("/v1/completions", json={"model": "tiny", "max_tokens": 4, "stream": True} | fields)
    assert answer.status_code == 200, answer.text
    pieces = [piece for piece in answer.text.split("\n\n") if piece.startswith("data: ")]
    assert pieces.pop() == "data: [DONE]"
    return [json.loads(piece[6:]) for piece in pieces]


def guesses(tokens: list[int]) -> list[float | None]:
    """FakeBackend.prompt_logprobs."""
    return [None, *(-((after - before) % N_VOCAB) / 10 for before, after in pairwise(tokens))]


async def test_texts_and_tokens_are_answered_in_their_order(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt=["abcd", byte_tokens("wxyz")], n=2, user="somebody")
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert [choice["text"] for choice in answer["choices"]] == ["abc", "abc", "wxyz", "wxyz"]
    assert {choice["finish_reason"] for choice in answer["choices"]} == {"length"}
    usage = answer["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (5 + 4, 16, 25)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0


async def test_an_echo_shows_text_and_tokens_too(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt=["abcd", byte_tokens("wxyz")], echo=True)
    assert [choice["text"] for choice in answer["choices"]] == ["abcdabc", "wxyzwxyz"]
    assert [choice["logprobs"] for choice in answer["choices"]] == [None, None]


async def test_an_echo_with_logprobs_has_those_of_the_prompt(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt=["héé", byte_tokens("wxyz")], echo=True, logprobs=2, max_tokens=2)
    text, tokens = answer["choices"]
    shown = text["logprobs"]
    assert text["text"] == "hééh"
    assert shown["tokens"][:4] == ["<s>", "h", "bytes:\\xc3", "bytes:\\xa9"]
    assert shown["token_logprobs"][:6] == guesses([BOS, *byte_tokens("héé")])
    assert shown["text_offset"][:6] == [0, 0, 1, 1, 2, 2]
    assert shown["top_logprobs"][0] is None
    assert {len(each) for each in shown["top_logprobs"][1:6]} <= {2, 3}
    assert len({len(values) for values in shown.values()}) == 1
    assert tokens["logprobs"]["text_offset"] == [0, 1, 2, 3, 4, 5]
    assert tokens["logprobs"]["token_logprobs"][:4] == guesses(byte_tokens("wxyz"))
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


async def test_a_prompt_can_be_scored_and_nothing_be_generated(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt="abcd", echo=True, logprobs=0, max_tokens=0)
    (choice,) = answer["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("abcd", "length")
    assert choice["logprobs"]["token_logprobs"] == guesses([BOS, *byte_tokens("abcd")])
    assert answer["usage"]["completion_tokens"] == 0


async def test_a_stream_has_the_echo_before_each_choice(client: httpx2.AsyncClient) -> None:
    whole = await ask(client, prompt=["abcd", byte_tokens("wxyz")], n=2, echo=True, logprobs=1)
    chunks = await streamed(
        client, prompt=["abcd", byte_tokens("wxyz")], n=2, echo=True, logprobs=1, stream_options={"include_usage": True}
    )
    usage = chunks.pop()["usage"]
    assert usage == whole["usage"] | {"prompt_tokens_details": usage["prompt_tokens_details"]}
    for expected in whole["choices"]:
        mine = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == expected["index"]]
        assert "".join(choice["text"] for choice in mine) == expected["text"]
        assert mine[-1]["finish_reason"] == expected["finish_reason"]
        for name, values in expected["logprobs"].items():
            assert [each for choice in mine if choice.get("logprobs") for each in choice["logprobs"][name]] == values


async def test_the_best_of_several_are_answered_and_all_are_paid_for(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt=["abcd", "wxyz"], n=1, best_of=3)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert [choice["logprobs"] for choice in answer["choices"]] == [None, None]
    assert answer["usage"]["completion_tokens"] == 2 * 3 * 4
    assert answer["usage"]["prompt_tokens"] == 2 * 5


async def test_a_prompt_that_does_not_fit_is_refused_unless_it_may_be_cut(client: httpx2.AsyncClient) -> None:
    error = await refused(client, prompt="x" * 100)
    assert (error["code"], error["param"]) == ("context_length_exceeded", "prompt")
    assert (await ask(client, prompt="x" * 100, truncate=True))["usage"]["prompt_tokens"] == 63
    stream = await client.post("/v1/completions", json={"model": "tiny", "prompt": "x" * 100, "stream": True})
    assert (stream.status_code, stream.json()["error"]["code"]) == (400, "context_length_exceeded")
    for fields in ({"truncate": True}, {}):
        error = await refused(client, prompt="x" * 100, echo=True, logprobs=1, **fields)
        assert error["code"] == "context_length_exceeded"


async def test_an_answer_that_fills_the_context_ends_there(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, prompt="x" * 50, max_tokens=40)
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 64


async def test_without_a_prompt_the_model_begins_where_every_text_begins(client: httpx2.AsyncClient) -> None:
    assert (await ask(client))["usage"]["prompt_tokens"] == 1
    assert (await ask(client, prompt=None))["usage"]["prompt_tokens"] == 1


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": "a", "suffix": "b"}, "suffix"),
        ({"prompt": [5, N_VOCAB * 1000]}, "prompt"),
        ({"prompt": "a", "best_of": 2, "stream": True}, "best_of"),
        ({"prompt": "a", "logprobs": "many"}, "logprobs"),
    ],
)
async def test_refusals_name_the_field(client: httpx2.AsyncClient, fields: dict[str, Any], param: str) -> None:
    assert (await refused(client, **fields))["param"] == param


async def test_fields_that_nobody_knows_are_told(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/completions", json={"model": "tiny", "prompt": "a", "max_tokens": 1, "best": 1})
    assert answer.headers["x-power-ignored-options"] == "best"
