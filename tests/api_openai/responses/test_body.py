"""A response's request: what of it counts and what is refused. Every field that the SDK knows is one or the other."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from openai.types.responses import input_token_count_params, response_create_params, response_includable
from openai.types.responses.response_format_text_json_schema_config_param import (
    ResponseFormatTextJSONSchemaConfigParam,
)
from openai.types.responses.response_text_config_param import ResponseTextConfigParam
from openai.types.shared_params.reasoning import Reasoning as ReasoningParam

from api_openai.responses import body as own
from api_openai.responses.body import ENCRYPTED, INCLUDABLE, LOGPROBS, NOT_SUPPORTED, ResponseBody
from power_site.http import BadRequest, convert

HI: dict[str, Any] = {"model": "m", "input": "hi"}


def response_body(**fields: Any) -> ResponseBody:
    return convert(HI | fields, ResponseBody)


def fields_of(kind: type[msgspec.Struct]) -> set[str]:
    return set(kind.__struct_fields__)


def test_every_field_that_the_sdk_sends_is_known() -> None:
    sent = get_type_hints(response_create_params.ResponseCreateParamsBase).keys() | {"stream"}
    assert sent <= fields_of(ResponseBody) | NOT_SUPPORTED.keys()
    assert fields_of(ResponseBody).isdisjoint(NOT_SUPPORTED)


def test_every_field_that_the_sdk_counts_with_is_known_but_one_that_the_view_refuses() -> None:
    sent = get_type_hints(input_token_count_params.InputTokenCountParams).keys()
    assert sent - (fields_of(ResponseBody) | NOT_SUPPORTED.keys()) == {"personality"}


@pytest.mark.parametrize(
    ("sdks", "ours"),
    [
        (ReasoningParam, own.Reasoning),
        (ResponseTextConfigParam, own.Text),
        (ResponseFormatTextJSONSchemaConfigParam, own.TextFormat),
        (response_create_params.StreamOptions, own.StreamOptions),
        (response_create_params.PromptCacheOptions, own.PromptCacheOptions),
    ],
)
def test_the_parts_of_fields_are_known(sdks: type, ours: type[msgspec.Struct]) -> None:
    assert get_type_hints(sdks).keys() <= fields_of(ours)


def test_what_may_be_included_is_what_the_sdk_knows() -> None:
    assert set(get_args(response_includable.ResponseIncludable)) == INCLUDABLE


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": ""}, "model"),
        ({"input": 5}, "input"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"truncation": "middle"}, "truncation"),
        ({"include": ["thoughts"]}, "include[0]"),
        ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"metadata": {"k": 5}}, "metadata[...]"),
        ({"background": True, "store": False}, "store"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
        ({"prompt_cache_options": {"comparison_response_id": "resp_1"}}, "prompt_cache_options.comparison_response_id"),
        ({"prompt_cache_options": {"mode": "explicit"}}, "prompt_cache_options.mode"),
    ],
)
def test_what_can_not_be_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest) as refused:
        response_body(**fields)
    assert refused.value.field == named


def test_logprobs_are_asked_for_in_two_ways() -> None:
    assert response_body().wanted_logprobs is None
    assert response_body(top_logprobs=0).wanted_logprobs is None
    assert response_body(include=[LOGPROBS]).wanted_logprobs == 0
    assert response_body(include=[ENCRYPTED], top_logprobs=3).wanted_logprobs == 3


def test_sampling_comes_under_ollamas_names_and_only_what_was_said() -> None:
    assert response_body().sampling() == {}
    said = response_body(temperature=0.5, max_output_tokens=9, stop="x", options={"num_ctx": 512, "temperature": 1})
    assert said.sampling() == {"temperature": 0.5, "num_predict": 9, "stop": ["x"], "num_ctx": 512}
