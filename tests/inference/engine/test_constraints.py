"""Constraints in the engine: which tokens they let through, and where they begin and end."""

from __future__ import annotations

import json

import pytest

from inference.engine.constraints import matcher_for, new_compiler
from inference.engine.fake.vocabulary import byte_tokens
from inference.engine.thinking import watch_thinking
from inference.errors import InvalidConstraint
from inference.events import TextDelta
from inference.request import Constraint, GenerateRequest, TextPrompt, ThinkingSpan
from tests.inference.engine.support import Engine, fake_backend

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "color": {"enum": ["red", "green"]}},
    "required": ["name", "color"],
    "additionalProperties": False,
}
SCHEMA = Constraint(kind="json_schema", text=json.dumps(PERSON))
DIGITS = Constraint(kind="lark", text="start: /[0-9]{12}/")
TAGS = ThinkingSpan(start="<think>", end="</think>")


def test_an_answer_ends_where_its_constraint_is_complete() -> None:
    engine = Engine("length=20")
    sequence = engine.add("ann lives", constraint=SCHEMA)
    engine.run()
    answer = json.loads(engine.text(sequence))
    assert answer["color"] in ("red", "green")
    finished = engine.finished(sequence)
    assert finished.reason == "stop"
    assert finished.n_generated == len(byte_tokens(engine.text(sequence))), "the end was not decoded"


def test_an_answer_may_end_where_its_constraint_may() -> None:
    engine = Engine("text=7&length=3")
    sequence = engine.add("x", constraint=Constraint(kind="lark", text="start: /[0-9]+/"))
    engine.run()
    assert engine.text(sequence) == "777"
    assert engine.finished(sequence).reason == "stop"


def test_a_model_that_wants_to_end_too_early_goes_on() -> None:
    engine = Engine("text=7&length=3")
    sequence = engine.add("x", constraint=DIGITS)
    engine.run()
    assert len(engine.text(sequence)) == 12


def test_the_wished_for_length_cuts_a_constrained_answer_like_any_other() -> None:
    engine = Engine("length=-1")
    sequence = engine.add("abc", constraint=SCHEMA, num_predict=5)
    engine.run()
    assert engine.finished(sequence).reason == "length"
    assert engine.finished(sequence).n_generated == 5


def test_free_and_constrained_answers_run_side_by_side() -> None:
    engine = Engine("length=30")
    free = engine.add("free text ")
    bound = engine.add("123456789", constraint=DIGITS)
    engine.run()
    assert engine.text(free) == "free text " * 3
    assert engine.text(bound) == "123456789123"


def test_taking_turns_keeps_the_place_in_the_grammar() -> None:
    engine = Engine("length=40", num_parallel=1, quantum=3)
    sequences = [engine.add("x" * n, constraint=DIGITS) for n in range(3, 6)]
    engine.run()
    assert all(engine.text(each).isdigit() and len(engine.text(each)) == 12 for each in sequences)


def test_preemption_keeps_the_place_in_the_grammar() -> None:
    engine = Engine("length=40&cells=40", num_parallel=2)
    first, second = (engine.add(letter * 14, constraint=DIGITS) for letter in "ab")
    engine.run()
    assert [len(engine.text(each)) for each in (first, second)] == [12, 12]


def test_a_context_that_shifts_keeps_the_place_in_the_grammar() -> None:
    engine = Engine("length=-1&text=5", num_ctx=32)
    sequence = engine.add("x" * 8, constraint=Constraint(kind="lark", text="start: /[0-9]{100}/"), num_keep=2)
    engine.run()
    assert engine.text(sequence) == "5" * 100
    assert engine.finished(sequence).reason == "stop"


def test_logprobs_are_those_of_the_tokens_taken() -> None:
    engine = Engine("length=40")
    sequence = engine.add("abc", constraint=DIGITS, top_logprobs=2)
    engine.run()
    deltas = [event for event in engine.of(sequence) if isinstance(event, TextDelta)]
    assert all(delta.logprobs[0].data.decode() == delta.text for delta in deltas)


def test_a_grammar_that_outgrows_its_limits_fails_its_own_request_only() -> None:
    engine = Engine("length=30")
    broken, other = engine.add("abc", constraint=DIGITS), engine.add("other")
    assert broken.matcher is not None
    engine.step()
    with pytest.raises(InvalidConstraint):
        broken.matcher.accept(byte_tokens("x")[0])
    engine.run()
    assert engine.failed(broken).error == "InvalidConstraint"
    assert engine.text(other) == "other" * 6


def test_a_constraint_holds_behind_thinking_that_is_forced_to_begin() -> None:
    engine = Engine("length=-1&text=hm ")
    sequence = engine.add("x", constraint=DIGITS, thinking=ThinkingSpan(start="<think>", end="</think>", budget=6))
    engine.run()
    thoughts, answer = engine.text(sequence).split("</think>")
    assert thoughts == "<think>hm hm "
    assert len(answer.strip()) == 12
    assert answer.strip().isdigit()


def test_a_budget_of_nothing_leaves_only_the_answer() -> None:
    engine = Engine("length=-1&text=hm ")
    sequence = engine.add("x", constraint=DIGITS, thinking=ThinkingSpan(start="<think>", end="</think>", budget=0))
    engine.run()
    assert engine.text(sequence).isdigit()


def test_a_prompt_that_ends_in_thinking_is_thought_to_its_end() -> None:
    engine = Engine("length=-1&text=hm</think>7")
    sequence = engine.add("x<think>", constraint=DIGITS, thinking=TAGS)
    engine.run()
    assert engine.text(sequence).startswith("hm</think>7")
    assert len(engine.text(sequence)) == len("hm</think>") + 12


def test_a_request_without_a_constraint_has_no_matcher() -> None:
    backend = fake_backend()
    request = GenerateRequest(prompt=TextPrompt(text="x"), thinking=TAGS)
    assert matcher_for(new_compiler(backend), request, watch_thinking(backend, request, "x")) is None
