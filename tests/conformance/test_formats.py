"""``format`` through the `ollama` client: the answer is an instance of the schema, streamed or not."""

from __future__ import annotations

import json
from typing import Any, Literal

import httpx2
import ollama
import pytest
from ollama import Client
from pydantic import BaseModel, Field

from tests.conformance.conftest import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

QUESTION = "Tell me about a person named Bob."
MESSAGES = [{"role": "user", "content": QUESTION}]
ENOUGH = {"num_predict": 300}


class Person(BaseModel):
    """Bounded on all sides: it ends, whatever is said."""

    name: str = Field(max_length=20)
    age: int = Field(ge=0, le=150)
    color: Literal["red", "green"]
    tags: list[Literal["tall", "old"]] = Field([], max_length=2)


SCHEMA: Any = Person.model_json_schema() | {"additionalProperties": False}


def test_a_pydantic_schema_holds_in_a_chat(client: Client) -> None:
    answer = client.chat(MODEL, MESSAGES, format=SCHEMA, options=ENOUGH)
    assert answer.done_reason == "stop"
    Person.model_validate_json(answer.message.content or "")


def test_a_schema_holds_streamed_and_hot(client: Client) -> None:
    options = {**ENOUGH, "temperature": 2.0, "top_k": 0, "top_p": 1.0}
    parts = client.chat(MODEL, MESSAGES, format=SCHEMA, options=options, stream=True)
    Person.model_validate_json("".join(part.message.content or "" for part in parts))


def test_a_schema_holds_in_generate(client: Client) -> None:
    Person.model_validate_json(client.generate(MODEL, QUESTION, format=SCHEMA, options=ENOUGH).response)


def test_json_is_an_object(client: Client) -> None:
    options = {"temperature": 0, "num_predict": 20}
    answer = client.generate(MODEL, "List three colors as a JSON array.", format="json", options=options)
    assert answer.response.startswith("{")


def test_an_empty_format_is_none(client: Client) -> None:
    assert client.generate(MODEL, "hi", format="", options={"num_predict": 3}).eval_count == 3


def test_logprobs_of_a_constrained_answer_are_the_models_own(client: Client) -> None:
    schema: Any = {"enum": ["zebra"]}
    answer = client.generate(MODEL, QUESTION, format=schema, logprobs=True, top_logprobs=1)
    assert json.loads(answer.response) == "zebra"
    assert answer.logprobs is not None
    assert "".join(each.token for each in answer.logprobs) == answer.response
    assert answer.logprobs[0].logprob < -1.0, "nothing makes it want to say so"


def test_a_schema_that_can_not_be_held_to_is_a_400_with_the_reason(client: Client) -> None:
    unsupported: Any = {"type": "array", "uniqueItems": True}
    with pytest.raises(ollama.ResponseError) as caught:
        client.generate(MODEL, "hi", format=unsupported)
    assert caught.value.status_code == 400
    assert caught.value.error == 'invalid format: Unimplemented keys: ["uniqueItems"]'


def test_a_format_that_is_none_is_refused_in_ollamas_words(raw: httpx2.Client) -> None:
    answer = raw.post("/api/generate", json={"model": MODEL, "prompt": "hi", "format": "yaml"})
    assert answer.status_code == 400
    expected = 'invalid format: "\\"yaml\\""; expected "json" or a valid JSON Schema object'
    assert answer.json() == {"error": expected}


def test_a_grammar_among_the_options_holds(client: Client) -> None:
    answer = client.generate(MODEL, "Is the sky blue?", options={"grammar": 'root ::= "yes" | "no"'})
    assert answer.response in ("yes", "no")
