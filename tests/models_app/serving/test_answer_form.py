"""Which parser, budget and constraint a request gets, by its model's template."""

from __future__ import annotations

from typing import Any

import pytest

from inference import ModelSpec
from inference.errors import InvalidRequest, NotSupported
from inference.events import Finished, Started, TextDelta, ToolCall
from inference.request import Constraint
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving.answer_form import TEXT_FORM, AnswerForm, answer_form, model_think
from models_app.serving.tools import ToolChoice, parse_tools
from power_site import conf

SPEC = ModelSpec(
    name="m:latest", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=1
)
QWEN = '{{ tools }}<think></think><tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}</tool_call>'
TOOLS = parse_tools([{"function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}])
STARTED = Started(n_prompt=1, n_cached=0, n_ctx=10)
FINISHED = Finished(reason="stop", n_prompt=1, n_cached=0, n_generated=1, prompt_seconds=0.0, decode_seconds=0.0)


def served(template: str = QWEN, *capabilities: str, **fields: Any) -> ServedModel:
    words = ("completion", *capabilities)
    return ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=words, chat_template=template, **fields)


def test_a_model_that_can_think_does_unless_it_is_told_not_to() -> None:
    thinker = served(QWEN, "thinking")
    assert [model_think(thinker, think, requested="m") for think in (None, False, "low")] == [True, False, "low"]


def test_a_model_that_can_not_is_not_asked_to() -> None:
    assert model_think(served(), None, requested="m") is None
    assert model_think(served(), False, requested="m") is False
    for think in (True, "high"):
        with pytest.raises(NotSupported, match=r'^"m" does not support thinking$'):
            model_think(served(), think, requested="m")


@pytest.mark.parametrize(("think", "budget"), [(None, -1), (True, -1), (False, 0), ("low", 1024), ("max", -1)])
def test_levels_are_budgets(think: bool | str | None, budget: int) -> None:
    span = answer_form(served(), think=think).thinking
    assert span is not None
    assert (span.start, span.end, span.budget) == ("<think>", "</think>", budget)


def test_an_answer_that_can_be_nothing_but_text_needs_no_reader() -> None:
    assert answer_form(served("{{ messages }}")).reader(STARTED) is None
    assert TEXT_FORM.reader(STARTED) is None
    assert answer_form(served()).reader(STARTED) is not None


def test_tools_are_refused_in_ollamas_words_where_the_template_knows_none() -> None:
    with pytest.raises(NotSupported, match=r"^registry.ollama.ai/library/m:latest does not support tools$"):
        answer_form(served("{{ messages }}"), tools=TOOLS)


def test_generic_tools_offer_them_in_words(home: object) -> None:
    conf.configure({"generic_tools": True})
    form = answer_form(served("{{ messages }}"), tools=TOOLS)
    assert (form.in_words, form.family.name) == (True, "generic")
    assert answer_form(served(QWEN, "tools"), tools=TOOLS).in_words is False


def test_a_template_with_tools_in_an_unknown_syntax_is_read_in_the_generic_way() -> None:
    form = answer_form(served("{{ tools }} and nothing that is known", "tools"), tools=TOOLS)
    assert (form.in_words, form.family.knows_tools) == (False, True)


def test_no_tool_is_offered_where_none_is_to_be_called() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS, choice=ToolChoice(mode="none"))
    assert form.tools == ()


def test_a_required_call_is_a_constraint() -> None:
    model = served(QWEN, "tools")
    assert answer_form(model, tools=TOOLS).constraint is None
    for name in ("", "f"):
        constraint = answer_form(model, tools=TOOLS, choice=ToolChoice(mode="required", name=name)).constraint
        assert constraint is not None
        assert constraint.kind == "lark"


def test_a_requests_own_template_says_how_the_answer_reads() -> None:
    assert answer_form(served(), template="{{ .Prompt }}").thinking is None


THINKER = ("thinking", "tools")
JSON = Constraint(kind="json")
HARMONY = "{{ tools }}<|channel|>analysis<|message|><|end|>"


def test_special_tokens_of_calls_are_kept_only_where_a_call_can_be_made() -> None:
    model = served(QWEN + "{% if tools %}", *THINKER)
    assert set(answer_form(model).preserved) == {"<think>", "</think>"}
    assert "<tool_call>" in answer_form(model, tools=TOOLS).preserved
    assert answer_form(served("{{ messages }}")).preserved == ()
    assert "<|end|>" in answer_form(served(HARMONY)).preserved


def test_a_constraint_follows_the_thoughts_of_a_model_that_has_some() -> None:
    thinks, not_known = answer_form(served(), think=True), answer_form(served())
    assert thinks.thinking_before(JSON) == thinks.thinking
    assert not_known.thinking_before(JSON) is None
    assert not_known.thinking_before(None) == not_known.thinking


@pytest.mark.parametrize(("think", "budget"), [(True, -1), (False, 1), ("low", 1024)])
def test_behind_harmonys_thoughts_the_answers_header_comes_first(think: bool | str, budget: int) -> None:
    span = answer_form(served(HARMONY, *THINKER), think=think).thinking_before(JSON)
    assert span is not None
    assert span.end == "<|end|><|start|>assistant<|channel|>final<|message|>"
    assert span.budget == budget


def test_harmony_is_told_high_where_the_most_is_asked_for() -> None:
    form = answer_form(served(HARMONY, *THINKER), think="max")
    assert form.think == "high"
    assert form.thinking is not None
    assert form.thinking.budget == -1


def test_a_forced_call_brings_its_own_header() -> None:
    form = answer_form(served(HARMONY, *THINKER), think=True, tools=TOOLS, choice=ToolChoice(mode="required"))
    assert form.thinking_before(form.constraint) == form.thinking


def test_calls_in_free_text_are_held_to_their_tools() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS)
    assert form.lazy is not None
    assert form.lazy.openings[0].pattern == "<tool_call>"
    assert not form.lazy.once
    assert answer_form(served(QWEN, "tools"), tools=TOOLS, choice=ToolChoice(mode="required")).lazy is None


def test_an_answer_may_be_bound_to_one_call() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS, parallel=False)
    assert form.lazy is not None
    assert form.lazy.once
    reader = form.reader(STARTED)
    assert reader is not None
    call = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    events = reader.read([TextDelta(call * 2), FINISHED])
    assert [isinstance(event, ToolCall) for event in events] == [True, False, False]
    assert isinstance(events[1], TextDelta)
    assert events[1].text == call


def test_half_a_call_that_is_required_is_no_text_and_the_answer_was_cut() -> None:
    form = answer_form(served(""), tools=TOOLS, choice=ToolChoice(mode="required"), generic=True)
    reader = form.reader(STARTED)
    assert reader is not None
    (finished,) = reader.read([TextDelta('{"name": "f", "argum'), FINISHED])
    assert isinstance(finished, Finished)
    assert finished.reason == "length"


def test_one_call_or_several_may_be_required() -> None:
    model, required = served(QWEN, "tools"), ToolChoice(mode="required")
    several, one = (answer_form(model, tools=TOOLS, choice=required, parallel=parallel) for parallel in (True, False))
    assert several.constraint != one.constraint
    named = answer_form(model, tools=TOOLS, choice=ToolChoice(mode="required", name="f"))
    assert named.constraint == one.constraint


TWO = parse_tools([{"function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in "fg"])


def calls(form: AnswerForm, *names: str) -> list[str]:
    reader = form.reader(STARTED)
    assert reader is not None
    text = "".join(f'<tool_call>{{"name": "{name}", "arguments": {{}}}}</tool_call>' for name in names)
    return [event.name for event in reader.read([TextDelta(text), FINISHED]) if isinstance(event, ToolCall)]


def test_only_what_may_be_called_is() -> None:
    model = served(QWEN, "tools")
    assert calls(answer_form(model, tools=TWO), "f", "g", "h") == ["f", "g"]
    assert calls(answer_form(model, tools=TWO, choice=ToolChoice(mode="required", name="g")), "f", "g", "g") == ["g"]
    allowed = answer_form(model, tools=TWO, choice=ToolChoice(allowed=("f",)))
    assert calls(allowed, "g", "f") == ["f"]
    assert allowed.tools == TWO[:1]


def test_who_asks_for_it_gets_tools_in_words() -> None:
    form = answer_form(served("{{ messages }}"), tools=TOOLS, generic=True)
    assert (form.in_words, form.family.name) == (True, "generic")


def test_beside_a_format_there_may_still_be_calls() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS)
    held = form.held_to(Constraint(kind="json_schema", text='{"type": "integer"}'))
    assert held is not None
    assert held.kind == "lark"
    assert {"<tool_call>", "integer"} <= set(held.text.replace('"', " ").split())
    assert form.held_to(JSON) != held
    assert form.held_to(None) is None
    assert answer_form(served()).held_to(JSON) == JSON


def test_a_format_in_place_of_a_call_brings_its_header() -> None:
    form = answer_form(served(HARMONY, *THINKER), think=True, tools=TOOLS)
    held = form.held_to(JSON)
    assert held is not None
    assert '("<|start|>" "assistant")? "<|channel|>" "final" "<|message|>" %json' in held.text
    assert form.thinking_before(held) == form.thinking


def test_a_required_call_is_no_format() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS, choice=ToolChoice(mode="required"))
    assert form.held_to(JSON) == form.constraint


def test_a_grammar_leaves_no_room_for_tools() -> None:
    form = answer_form(served(QWEN, "tools"), tools=TOOLS)
    with pytest.raises(InvalidRequest, match="grammar"):
        form.held_to(Constraint(kind="gbnf", text="root ::= [0-9]"))
