"""What every family has to do, in its own syntax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from inference.errors import InvalidRequest
from tests.inference.chat.parsing.writing import (
    TOOLS,
    WRITERS,
    Call,
    Whole,
    Writer,
    in_pieces,
    letter_by_letter,
    parsed,
)

CALL: Call = ("weather", {"city": "Zürich 🌦", "days": 3})
OTHER: Call = ("now", {})


def writers(which: Callable[[Writer], bool] = lambda writer: True) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("writer", list(filter(which, WRITERS)), ids=lambda writer: writer.family.name)


EVERY = writers()
# Those whose thoughts and calls are marked in one text, rather than in messages or by where they stand.
THINKING = writers(
    lambda writer: writer.family.thinking is not None and not writer.begins and writer.family.own is None
)
# Where an answer is a message with a header.
ANSWERS = {
    "harmony": "<|start|>assistant<|channel|>final<|message|>Yes.",
    "glimmer": "<|start|>assistant to=user<|message|>Yes.",
}
VALUES: list[dict[str, Any]] = [
    {"city": 'say "hi" to \\ and {braces} [lists], a:b=c'},
    {"city": "two\nlines, and  spaces "},
    {"city": "x", "deep": {"a": {"b": [1, 2.5, {"c": None}]}, "s": "t"}, "tags": ["a", "b,c"], "exact": True},
    {"city": "日本語 עברית 👩‍💻 é", "days": -4, "exact": None},
    {"city": "<b>bold</b> & it's 5 > 3"},
]
ALL_FAMILIES = sorted({value.name: value for value in vars(families).values() if isinstance(value, Family)}.items())


@EVERY
def test_a_call_is_a_call_whole_and_letter_by_letter(writer: Writer) -> None:
    text = writer.calls([CALL])
    assert parsed(writer.family, text) == letter_by_letter(writer.family, text) == Whole(calls=[CALL])


@EVERY
def test_several_calls_keep_their_order(writer: Writer) -> None:
    calls = [CALL, OTHER, ("weather", {"city": "Bern"})]
    assert letter_by_letter(writer.family, writer.calls(calls)).calls == calls


@EVERY
def test_values_arrive_as_they_were(writer: Writer) -> None:
    for values in VALUES:
        calls = [("weather", values)]
        assert parsed(writer.family, writer.calls(calls)).calls == calls
        assert in_pieces(writer.family, writer.calls(calls), 1).calls == calls


@writers(lambda writer: not writer.begins)
def test_text_before_a_call_stays_text(writer: Writer) -> None:
    whole = letter_by_letter(writer.family, writer.say("I will look.") + writer.calls([CALL]))
    assert whole == Whole(text="I will look.", calls=[CALL])


@EVERY
def test_text_after_a_call_is_not_lost(writer: Writer) -> None:
    between = {"harmony": "<|call|>", "glimmer": "<|eom|>"}.get(writer.family.name, " ")
    whole = letter_by_letter(writer.family, writer.calls([CALL]) + between + writer.say("There."))
    assert (whole.text.strip(), whole.calls) == ("There.", [CALL])


@EVERY
def test_a_call_that_is_cut_off_is_never_made(writer: Writer) -> None:
    text = writer.calls([("weather", {"city": "Zürich, where the river leaves the lake"})])
    for end in range(text.index("lake"), 0, -5):
        assert parsed(writer.family, text[:end]).calls == [], text[:end]


@writers(lambda writer: writer.separate)
def test_the_call_before_the_one_that_is_cut_off_is_kept(writer: Writer) -> None:
    text = writer.calls([CALL, ("weather", {"city": "Zürich, where the river leaves the lake"})])
    assert letter_by_letter(writer.family, text[: text.index("river")]).calls == [CALL]


@EVERY
def test_a_tool_that_was_not_offered_is_named_all_the_same_or_is_text(writer: Writer) -> None:
    text = writer.calls([("unheard_of", {"city": "x"})])
    whole = letter_by_letter(writer.family, text)
    # Where nothing but JSON or Python marks a call, one that names no tool is an answer in JSON or Python.
    unmarked = writer.begins or writer.family in (families.GENERIC,)
    assert whole == (Whole(text=text) if unmarked else Whole(calls=[("unheard_of", {"city": "x"})]))


@THINKING
def test_a_call_within_thoughts_is_a_thought(writer: Writer) -> None:
    span = writer.family.thinking
    assert span is not None
    draft = writer.calls([CALL])
    whole = letter_by_letter(writer.family, f"{span.start}maybe {draft} or not{span.end}{writer.calls([OTHER])}")
    assert whole == Whole(thinking=f"maybe {draft} or not", calls=[OTHER])


@THINKING
def test_a_call_that_ends_open_thoughts_is_a_call(writer: Writer) -> None:
    whole = letter_by_letter(writer.family, f"I should.\n{writer.calls([CALL])}\n", thinking_open=True)
    assert whole == Whole(thinking="I should.", calls=[CALL])


@pytest.mark.parametrize(("name", "family"), [pair for pair in ALL_FAMILIES if pair[1].thinking is not None])
def test_thoughts_are_told_from_the_answer(name: str, family: Family) -> None:
    assert family.thinking is not None
    start, end = family.thinking.start, family.thinking.end
    answer = ANSWERS.get(name, "\n\nYes.")
    expected = Whole(text="Yes.", thinking="Let me\nsee.")
    assert letter_by_letter(family, f"{start}\nLet me\nsee.\n{end}{answer}") == expected
    assert letter_by_letter(family, f"Let me\nsee.\n{end}{answer}", thinking_open=True) == expected
    assert letter_by_letter(family, "Let me\nsee.", thinking_open=True) == Whole(thinking="Let me\nsee.")


@pytest.mark.parametrize(("name", "family"), ALL_FAMILIES)
def test_plain_text_is_given_out_unchanged(name: str, family: Family) -> None:
    text = "  Is a < b? `x[0]`, {y} and\n\n\tmore… \n"
    assert letter_by_letter(family, text) == parsed(family, text) == Whole(text=text)


@writers(lambda writer: writer.family.own is None)
def test_without_tools_a_call_is_text(writer: Writer) -> None:
    text = writer.calls([CALL])
    assert letter_by_letter(writer.family, text, tools=()) == Whole(text=text)


@pytest.mark.parametrize(("name", "family"), ALL_FAMILIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_any_text_parses_alike_however_it_is_cut(name: str, family: Family, data: st.DataObject) -> None:
    writer = next((writer for writer in WRITERS if writer.family.name == name), WRITERS[0])
    marked = writer.calls([CALL, OTHER])
    bits = [marked, marked[:9], marked[-9:], marked[7:40], *family.preserved, " ", "\n", "x", '"', "{", "}", "[", "```"]
    if family.thinking is not None:
        bits += [family.thinking.start, family.thinking.end]
    text = "".join(data.draw(st.lists(st.sampled_from(bits), max_size=9)))
    thinking_open = data.draw(st.booleans())
    whole = parsed(family, text, thinking_open=thinking_open)
    seed = data.draw(st.integers(0, 999))
    assert whole == letter_by_letter(family, text, thinking_open=thinking_open)
    assert whole == in_pieces(family, text, seed, thinking_open=thinking_open)


def test_a_choice_that_names_no_tool_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'nothing'"):
        families.HERMES.forced(TOOLS, name="nothing")


def test_a_family_without_tools_can_be_forced_to_nothing() -> None:
    with pytest.raises(InvalidRequest, match="knows no tools"):
        families.PLAIN.forced(TOOLS)
