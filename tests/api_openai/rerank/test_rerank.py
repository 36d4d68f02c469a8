"""/v1/rerank over the fake engine, in the test's own process."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest

from api_openai.rerank.body import RerankBody, refuse_unsupported
from api_openai.rerank.schema import RerankAnswer
from inference.engine.fake.embed import fake_vector
from inference.engine.fake.vocabulary import BOS, EOS, byte_tokens
from power_site.http import BadRequest, convert

# The fake engine's first number counts tokens of one kind: this is the character of that kind.
HIT = next(chr(code) for code in range(32, 127) if byte_tokens(chr(code))[0] % 32 == 0)
DOCUMENTS = ["bbb", {"text": HIT * 3}, "b" + HIT]


def score(document: str) -> float:
    return float(fake_vector([BOS, *byte_tokens("q"), EOS, *byte_tokens(document)])[0])


async def test_the_best_come_first(client: httpx2.AsyncClient) -> None:
    ask = {"model": "ranker", "query": "q", "documents": DOCUMENTS, "return_documents": True}
    answer = await client.post("/v1/rerank", json=ask)
    body = msgspec.json.decode(answer.content, type=RerankAnswer)
    texts = ["bbb", HIT * 3, "b" + HIT]
    assert [(one.index, one.relevance_score) for one in body.results] == [(i, score(texts[i])) for i in (1, 2, 0)]
    assert [result["document"] for result in answer.json()["results"]] == [{"text": texts[i]} for i in (1, 2, 0)]
    assert (body.usage.prompt_tokens, body.usage.total_tokens) == (3 * 3 + 8, 3 * 3 + 8)
    top = await client.post("/v1/reranking", json=ask | {"top_n": 1, "return_documents": False})
    assert top.json()["results"] == [{"index": 1, "relevance_score": score(HIT * 3)}]


async def test_what_can_not_be_ranked_is_refused(client: httpx2.AsyncClient) -> None:
    ask = {"model": "ranker", "query": "q", "documents": ["x" * 99]}
    long = await client.post("/v1/rerank", json=ask)
    assert (long.status_code, long.json()["error"]["code"]) == (400, "context_length_exceeded")
    cut = await client.post("/v1/rerank", json=ask | {"truncate": True})
    assert cut.json()["usage"]["prompt_tokens"] == 64
    assert "X-Power-Truncated" in cut.headers
    for model in ("tiny", "embedder"):
        other = await client.post("/v1/rerank", json=ask | {"model": model})
        assert (other.status_code, "does not support rerank" in other.text) == (400, True)


def read(given: dict[str, Any]) -> None:
    convert(given, RerankBody).keep_alive_seconds()
    refuse_unsupported(given)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"model": ""}, "model"), ({"query": ""}, "query"), ({"documents": []}, "documents"),
     ({"documents": ["a"] * 2049}, "documents"), ({"documents": [1]}, "documents[0]"),
     ({"documents": [{"title": "a"}]}, "documents[0]"), ({"documents": "a"}, "documents"), ({"top_n": 0}, "top_n"),
     ({"rank_fields": ["a"]}, "rank_fields"), ({"max_tokens_per_doc": 9}, "max_tokens_per_doc"),
     ({"keep_alive": "10"}, "keep_alive")],
)  # fmt: skip
def test_what_is_refused_names_its_field(fields: dict[str, Any], param: str) -> None:
    given = {"model": "m", "query": "q", "documents": ["a"]} | fields
    with pytest.raises(BadRequest) as caught:
        read(given)
    assert caught.value.field == param
