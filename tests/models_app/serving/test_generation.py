"""models_app.serving: options, what is refused before any model is loaded, and running generations."""

from __future__ import annotations

import math
from typing import Any

import pytest

from inference import ModelSpec
from inference.chat.parsing import family_of
from inference.chat.reading import AnswerReader
from inference.errors import InvalidOption, NotSupported
from inference.events import Finished, Started, TextDelta, ThinkingDelta
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving import (
    Generation,
    keep_alive_seconds,
    require_capability,
    require_completion,
    served_options,
    truncation_header,
)
from power_site.http import BadRequest
from tests.generations import FINISHED, ScriptedStream, generation, texts

SPEC = ModelSpec(
    name="m:latest",
    digest="ab" * 32,
    model_path="x",
    size_bytes=1,
    n_ctx_train=2048,
    kv_bytes_per_token=1,
    n_vocab=100,
)
THINKING = family_of("<think></think>")


def served(**fields: Any) -> ServedModel:
    return ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("completion",), **fields)


def test_the_models_parameters_stand_between_the_wires_defaults_and_the_request() -> None:
    model = served(parameters={"temperature": 0.2, "top_k": 3})
    options = served_options(model, {"top_k": 5}, defaults={"temperature": 1.0, "top_p": 1.0})
    assert (options.sampling.temperature, options.sampling.top_k, options.sampling.top_p) == (0.2, 5, 1.0)


def test_a_bias_beyond_the_models_vocabulary_is_refused() -> None:
    with pytest.raises(InvalidOption):
        served_options(served(), {"logit_bias": {"100": 1}})


def test_what_a_model_cannot_do_is_said_in_ollamas_words() -> None:
    with pytest.raises(NotSupported, match=r"^registry\.ollama\.ai/library/m:latest does not support tools$"):
        require_capability(served(), "tools")
    embedder = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("embedding",))
    with pytest.raises(NotSupported, match=r'^"M" does not support chat$'):
        require_completion(embedder, requested="M", act="chat")
    require_completion(served(), requested="M", act="chat")


@pytest.mark.parametrize(
    ("value", "seconds"), [("5m", 300), (0, 0), (-1, math.inf), ("-1m", math.inf), (1e18, math.inf)]
)
def test_keep_alive_is_seconds_or_for_ever(value: float | str, seconds: float) -> None:
    assert keep_alive_seconds(value) == seconds


def test_a_keep_alive_that_is_no_duration_is_refused() -> None:
    with pytest.raises(BadRequest, match="invalid duration"):
        keep_alive_seconds("soon")


def test_what_truncation_dropped_is_said() -> None:
    assert truncation_header(Started(n_prompt=1, n_cached=0, n_ctx=8)) == {}
    dropped = Started(n_prompt=1, n_cached=0, n_ctx=8, n_dropped_messages=2, n_dropped_tokens=30)
    assert truncation_header(dropped) == {"X-Power-Truncated": "messages=2, tokens=30, num_ctx=8"}


async def test_a_generations_tokens_are_counted_once_however_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, int]] = []
    monkeypatch.setattr("power_site.metrics.tokens", lambda model, direction, n: counted.append((direction, n)))
    whole = generation(*texts("a", "b"))
    async for events in whole:
        assert events
    whole.close()
    left = generation(*texts("a", "b"))
    await anext(left)
    left.close()
    left.close()
    assert counted == [("input", 7), ("output", FINISHED.n_generated), ("input", 7), ("output", 1)]
    stream = left._stream
    assert isinstance(stream, ScriptedStream)
    assert stream.n_closed == 2


async def test_what_the_model_wrote_is_read_before_anybody_sees_it() -> None:
    """A batch that is all markup gives nothing, and is waited past."""
    reader = AnswerReader(THINKING.parser())
    stream = ScriptedStream([[TextDelta("<think>")], [TextDelta("hm</think>")], [TextDelta("Hi", 3)], [FINISHED]])
    running = Generation(stream, model="m", begun_at=0.0, resolved_at=0.0, reader=reader)
    batches = [batch async for batch in running]
    assert [type(event) for batch in batches for event in batch] == [ThinkingDelta, TextDelta, Finished]
    assert all(batches)


async def test_a_call_that_is_long_on_its_way_gives_empty_lists_to_who_wants_to_know() -> None:
    call = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    family = family_of('<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}</tool_call>')
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}

    async def lists(silent_seconds: float) -> list[int]:
        stream = ScriptedStream(texts(*call))
        reader = AnswerReader(family.parser(tools=[tool], thinking_open=False))
        running = Generation(stream, model="m:latest", begun_at=0, resolved_at=0, reader=reader)
        running.silent_seconds = silent_seconds
        return [len(events) for events in [events async for events in running]]

    assert 0 not in await lists(math.inf)
    assert (await lists(0.0)).count(0) > 10
