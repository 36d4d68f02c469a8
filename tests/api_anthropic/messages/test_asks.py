"""api_anthropic.messages.asks: a request becomes a prompt, options, a form and what the answer is held to."""

from __future__ import annotations

from typing import Any

import pytest

from api_anthropic.messages import asks
from api_anthropic.messages.asks import asked_for, n_cleared_tokens
from api_anthropic.messages.body import Body, MessageBody
from api_anthropic.messages.context import applied_edits
from inference import ModelSpec
from inference.errors import NotSupported
from inference.request import ChatPrompt
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving import Ask
from power_site.http import BadRequest, convert

SPEC = ModelSpec(
    name="m:latest", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=1
)
QWEN = '{{ tools }}<think></think><tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}</tool_call>'
HELLO = {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}]}
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def served(*capabilities: str, **fields: Any) -> ServedModel:
    words = ("completion", *capabilities)
    return ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=words, chat_template=QWEN, **fields)


async def ask(model: ServedModel | None = None, **fields: Any) -> Ask:
    return (await asked_for(convert({**HELLO, **fields}, MessageBody), model or served("tools", "thinking"))).ask


async def test_nothing_is_cut_from_a_prompt_and_nothing_shifted() -> None:
    asked = await ask(metadata={"user_id": "u1"}, keep_alive="1m", top_k=5)
    assert (asked.truncate, asked.shift, asked.user, asked.keep_alive_seconds) == (False, False, "u1", 60)
    assert (asked.options.num_predict, asked.options.sampling.top_k) == (4096, 5)
    assert asked.options.sampling.temperature == 1.0


async def test_the_models_own_parameters_stand_beside_the_requests_stops() -> None:
    model = served(parameters={"temperature": 0.2, "stop": ["<|end|>"]})
    asked = await ask(model, stop_sequences=["X"])
    assert asked.options.stop == ("X", "<|end|>")
    assert asked.options.sampling.temperature == 0.2
    assert (await ask(model)).options.stop == ("<|end|>",)


async def test_too_many_stop_sequences_are_refused_by_their_own_name() -> None:
    with pytest.raises(BadRequest, match=r"^stop_sequences must have at most"):
        await ask(stop_sequences=["x"] * 100)


@pytest.mark.parametrize(
    ("fields", "think", "budget"),
    [
        ({}, False, 0),
        ({"thinking": {"type": "disabled"}}, False, 0),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, True, 2000),
        ({"thinking": {"type": "adaptive"}}, True, -1),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low", 1024),
        ({"output_config": {"effort": "xhigh"}}, "high", 24576),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, False, 0),
    ],
)
async def test_who_asks_for_thoughts_gets_them_within_the_budget(
    fields: dict[str, Any], think: bool | str, budget: int
) -> None:
    asked = await ask(**fields)
    assert asked.form.think == think
    assert asked.form.thinking is not None
    assert asked.form.thinking.budget == budget


async def test_a_model_that_can_not_think_answers_without() -> None:
    asked = await ask(served(), thinking={"type": "enabled", "budget_tokens": 2000})
    assert asked.form.think is None


@pytest.mark.parametrize("thinking", [{"type": "between_tools"}, {"type": "enabled"}])
async def test_thinking_that_can_not_be_had_is_refused(thinking: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"^thinking\."):
        await ask(thinking=thinking)


async def test_tools_are_offered_and_forced() -> None:
    offered, forced = await ask(tools=[TOOL]), await ask(tools=[TOOL], tool_choice={"type": "any"})
    assert isinstance(offered.prompt, ChatPrompt)
    assert [tool["function"]["name"] for tool in offered.prompt.tools] == ["f"]
    assert offered.form.constraint is None
    assert forced.form.constraint is not None
    assert (await ask(tools=[TOOL], tool_choice={"type": "none"})).form.tools == ()


async def test_any_model_is_told_of_tools_in_words_where_it_knows_none() -> None:
    asked = await ask(served(), tools=[TOOL])
    assert asked.form.in_words


async def test_a_format_holds_the_answer() -> None:
    for fields in (
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"output_format": {"type": "json_schema", "schema": SCHEMA}},
    ):
        constraint = (await ask(**fields)).constraint
        assert constraint is not None
        assert (constraint.kind, constraint.text) == (
            "json_schema",
            '{"type":"object","properties":{"a":{"type":"integer"}}}',
        )


async def test_a_last_message_of_the_assistant_is_continued() -> None:
    messages = [*HELLO["messages"], {"role": "assistant", "content": "The answer is"}]  # type: ignore[misc]
    prompt = (await ask(messages=messages)).prompt
    assert isinstance(prompt, ChatPrompt)
    assert prompt.continue_final_message


async def test_thoughts_of_earlier_turns_are_forgotten_where_the_request_says_so() -> None:
    thought = [{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Yes."}]
    answered = {"role": "assistant", "content": thought}
    messages = [*HELLO["messages"], answered, *HELLO["messages"], answered, *HELLO["messages"]]  # type: ignore[misc]

    async def kept(keep: Any) -> list[str]:
        edits = {"edits": [{"type": "clear_thinking_20251015", "keep": keep}]}
        prompt = (await ask(messages=messages, context_management=edits)).prompt
        assert isinstance(prompt, ChatPrompt)
        return [turn.thinking for turn in prompt.messages if turn.role == "assistant"]

    assert await kept("all") == ["Hm.", "Hm."]
    assert await kept({"type": "thinking_turns", "value": 1}) == ["", "Hm."]


async def test_what_was_forgotten_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count(model: ServedModel, asked: Ask) -> int:
        assert isinstance(asked.prompt, ChatPrompt)
        return sum(len(turn.thinking) for turn in asked.prompt.messages)

    monkeypatch.setattr(asks, "prompt_count", count)
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}
    messages = [*HELLO["messages"], thought, *HELLO["messages"], thought, *HELLO["messages"]]  # type: ignore[misc]
    edits = {"edits": [{"type": "clear_thinking_20251015"}]}
    asked = await asked_for(convert({**HELLO, "messages": messages, "context_management": edits}, Body), served())
    assert (asked.n_cleared, await n_cleared_tokens(served(), asked)) == (1, 3)
    assert applied_edits(n_cleared=1, n_tokens=3)[0]["cleared_thinking_turns"] == 1
    assert applied_edits(n_cleared=0, n_tokens=0) == []


@pytest.mark.parametrize(
    "edits",
    [
        [{"type": "clear_tool_uses_20250919"}],
        [{"type": "clear_thinking_20251015", "keep": 0}],
        [{"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 0}}],
        [5],
        {"type": "x"},
    ],
)
async def test_other_ways_to_manage_the_context_are_refused(edits: Any) -> None:
    with pytest.raises(BadRequest, match=r"^context_management\.edits"):
        await ask(context_management={"edits": edits})


async def test_images_for_a_model_of_text_are_refused_before_any_is_fetched() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://images.example/a.png"}}
    with pytest.raises(NotSupported, match="image input"):
        await ask(messages=[{"role": "user", "content": [url]}])


async def test_counting_asks_for_the_same_prompt() -> None:
    fields = {**HELLO, "tools": [TOOL], "system": "Be brief."}
    model = served("tools", "thinking")
    counted = await asked_for(convert(fields, Body), model)
    assert counted.ask.prompt == (await asked_for(convert(fields, MessageBody), model)).ask.prompt
