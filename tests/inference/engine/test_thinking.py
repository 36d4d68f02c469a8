"""Thinking as the engine sees it: markers in the stream of tokens, budgets, and tokens put in the model's mouth."""

from __future__ import annotations

import pytest

from inference.engine.fake.backend import byte_tokens
from inference.engine.thinking import ThinkingWatch, opens_thinking, preserved_pieces, splits_character, watch_thinking
from inference.events import Finished
from inference.request import ChatPrompt, Constraint, GenerateRequest, Message, TextPrompt, ThinkingSpan
from tests.inference.engine.support import Engine, fake_backend

SPAN = ThinkingSpan(start="<think>", end="</think>")
END = byte_tokens("</think>")


def request(text: str = "x", *, constraint: bool = False, **fields: object) -> GenerateRequest:
    wanted = Constraint(kind="json") if constraint else None
    return GenerateRequest(prompt=TextPrompt(text=text), constraint=wanted, thinking=ThinkingSpan(**_span(fields)))


def _span(fields: dict[str, object]) -> dict[str, object]:
    return {"start": "<think>", "end": "</think>", **fields}


def feed(watch: ThinkingWatch, *pieces: str) -> list[bool]:
    states = []
    for piece in pieces:
        watch.feed(-1, piece.encode())
        states.append(watch.is_over)
    return states


def test_thinking_begins_and_ends_wherever_tokens_cut_the_markers() -> None:
    watch = ThinkingWatch(SPAN, is_open=False)
    assert feed(watch, "\n<th", "ink>", "a </", "thi", "nk> b") == [False, False, False, False, True]


def test_an_answer_that_begins_with_anything_else_does_not_think() -> None:
    assert feed(ThinkingWatch(SPAN, is_open=False), " ", "<", "b>") == [False, False, True]


def test_an_open_prompt_is_thinking_from_the_first_token() -> None:
    watch = ThinkingWatch(SPAN, is_open=True)
    assert feed(watch, "<thin", "</think>") == [False, True]


def test_a_spent_budget_puts_the_end_in_the_models_mouth_once() -> None:
    watch = ThinkingWatch(ThinkingSpan(start="<think>", end="</think>", budget=3), is_open=True, end_tokens=END)
    feed(watch, "a", "b")
    assert watch.take_forced() is None
    feed(watch, "c")
    taken = []
    while (token := watch.take_forced()) is not None:
        taken.append(token)
        watch.feed(token, bytes([token - 3]))
    assert taken == END
    assert watch.is_over


def test_a_budget_of_nothing_closes_what_the_prompt_or_the_model_opens() -> None:
    none = ThinkingSpan(start="<think>", end="</think>", budget=0)
    assert ThinkingWatch(none, is_open=True, end_tokens=END).take_forced() == END[0]
    watch = ThinkingWatch(none, is_open=False, end_tokens=END)
    assert watch.take_forced() is None
    feed(watch, "<think>")
    assert watch.take_forced() == END[0]


@pytest.mark.parametrize("char", ["é", "東", "😀"])
def test_thinking_is_never_ended_within_a_character(char: str) -> None:
    watch = ThinkingWatch(ThinkingSpan(start="<think>", end="</think>", budget=1), is_open=True, end_tokens=END)
    *first, last = char.encode()
    for byte in first:
        watch.feed(-1, bytes([byte]))
        assert watch.take_forced() is None
    watch.feed(-1, bytes([last]))
    assert watch.take_forced() == END[0]


@pytest.mark.parametrize(("data", "splits"), [(b"", False), (b"a", False), (b"\xc3", True), (b"\xc3a", False)])
def test_bytes_that_are_no_text_hold_nothing_up(data: bytes, splits: bool) -> None:
    assert splits_character(data) is splits
    assert not splits_character(data + b"\x80\x80\x80\x80")


def test_under_a_constraint_thinking_is_opened_or_closed_for_the_model() -> None:
    start = byte_tokens("<think>")
    opened = ThinkingWatch(SPAN, is_open=False, is_constrained=True, start_tokens=start, end_tokens=END)
    assert [opened.take_forced() for _ in start] == start
    assert not opened.is_over
    closed = ThinkingSpan(start="<think>", end="</think>", budget=0)
    assert ThinkingWatch(closed, is_open=False, is_constrained=True, start_tokens=start).is_over


def test_markers_that_are_special_tokens_are_seen_by_their_text() -> None:
    backend = fake_backend()
    span = {"start": "<|fake|>go", "end": "stop<|fake|>"}
    watch = watch_thinking(backend, request(**span), "x")
    assert watch is not None
    for token in backend.tokenize("<|fake|>go on stop<|fake|>", add_special=False, parse_special=True):
        assert not watch.is_over
        watch.feed(token, backend.piece(token))
    assert watch.is_over


@pytest.mark.parametrize(("text", "is_open"), [("a<think>\n", True), ("a<think>\n\n</think>\n\n", False), ("a", False)])
def test_a_prompt_that_ends_with_the_opening_is_open(text: str, is_open: bool) -> None:
    assert opens_thinking(request(text), text, SPAN) is is_open


@pytest.mark.parametrize(("content", "is_open"), [("<think>so", True), ("<think>so</think>", False), ("so", False)])
def test_a_continued_message_is_open_where_it_opened_thinking_itself(content: str, is_open: bool) -> None:
    messages = (Message(role="user", content="<think>"), Message(role="assistant", content=content))
    asked = GenerateRequest(prompt=ChatPrompt(messages=messages, continue_final_message=True))
    assert opens_thinking(asked, f"…{content}", SPAN) is is_open


def test_a_continued_message_that_is_past_its_thoughts_has_none_to_watch() -> None:
    messages = (Message(role="user", content="x"), Message(role="assistant", content='{"a": '))
    prompt = ChatPrompt(messages=messages, continue_final_message=True)
    asked = GenerateRequest(prompt=prompt, constraint=Constraint(kind="json"), thinking=SPAN)
    assert watch_thinking(fake_backend(), asked, "…") is None


def test_only_special_tokens_of_the_model_are_preserved() -> None:
    assert preserved_pieces(fake_backend(), ("<|fake|>", "[TOOL_CALLS]", "")) == {2: b"<|fake|>"}


def run(prompt: str, query: str, asked: GenerateRequest) -> tuple[Engine, str, Finished]:
    engine = Engine(query)
    sequence = engine.add(prompt, thinking=asked.thinking, preserved=asked.preserved, num_predict=64)
    sequence.thinking = watch_thinking(engine.backend, asked, prompt)
    sequence.preserved = preserved_pieces(engine.backend, asked.preserved)
    engine.run()
    end = engine.end(sequence)
    assert isinstance(end, Finished)
    return engine, engine.text(sequence), end


def test_a_sequence_goes_on_behind_the_end_it_was_given() -> None:
    engine, text, end = run("x<think>", "text=thoughts&length=8", request("x<think>", budget=4))
    assert text == "thou</think>ghts"
    assert end.n_generated == len(text)
    assert next(event for _, event in engine.events).thinking_open  # type: ignore[union-attr]


def test_a_preserved_special_token_stays_in_the_text_and_others_do_not() -> None:
    asked = GenerateRequest(prompt=TextPrompt(text="x"), preserved=("<|fake|>",))
    assert run("x", "text=a<|fake|>b&length=3", asked)[1] == "a<|fake|>b"
    assert run("x", "text=a<|fake|>b&length=3", GenerateRequest(prompt=TextPrompt(text="x")))[1] == "ab"
