"""What the families share: where thoughts end, where calls may stand, which white space is markup."""

from __future__ import annotations

import pytest

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from tests.inference.chat.parsing.writing import TOOLS, Whole, letter_by_letter, parsed

CALL = '<tool_call>{"name": "now", "arguments": {}}</tool_call>'
NOW = ("now", {})
HERMES = families.HERMES


def test_white_space_around_thoughts_and_before_calls_is_markup() -> None:
    whole = letter_by_letter(HERMES, f"\n<think>\n\n a b \n\n</think>\n\nSo: \n\n{CALL}\n{CALL}\n")
    assert whole == Whole(text="So:", thinking="a b", calls=[NOW, NOW])


def test_white_space_between_words_around_a_call_stays() -> None:
    assert letter_by_letter(HERMES, f"one {CALL}\n two").text == "one\n two"
    assert letter_by_letter(HERMES, f"{CALL}\n two").text == "two"


def test_families_whose_markers_are_tokens_keep_every_blank() -> None:
    whole = letter_by_letter(families.KIMI, "a <|tool_calls_section_begin|><|tool_calls_section_end|> b")
    assert whole == Whole(text="a  b")


def test_a_thinking_tag_in_a_text_is_text() -> None:
    text = "Write <think> and </think> around it."
    assert letter_by_letter(HERMES, text) == Whole(text=text)


def test_a_token_that_begins_thoughts_does_so_anywhere() -> None:
    whole = letter_by_letter(families.MISTRAL, "A [THINK]b[/THINK]c <think>")
    assert whole == Whole(text="A c <think>", thinking="b")


def test_thoughts_that_the_prompt_began_may_begin_again() -> None:
    assert letter_by_letter(HERMES, "<think>\na</think>b", thinking_open=True) == Whole(text="b", thinking="a")


def test_empty_thoughts_are_none() -> None:
    assert letter_by_letter(HERMES, "<think>\n\n</think>\n\nYes") == Whole(text="Yes")


def test_a_marker_that_no_call_follows_is_text() -> None:
    for text in ("Use <tool_call> tags.", "<tool_call>not json</tool_call> then", "<tool_call>[]</tool_call>"):
        assert letter_by_letter(HERMES, text) == parsed(HERMES, text) == Whole(text=text), text


def test_a_call_behind_one_that_is_none_is_made() -> None:
    whole = letter_by_letter(HERMES, f"<tool_call>{{1}}</tool_call>{CALL}")
    assert whole == Whole(text="<tool_call>{1}</tool_call>", calls=[NOW])


def test_braces_too_many_are_forgiven() -> None:
    assert letter_by_letter(HERMES, CALL.replace("}}", "}}}")) == Whole(calls=[NOW])


def test_a_call_whose_tag_is_not_closed_is_whole_when_its_json_is() -> None:
    assert letter_by_letter(HERMES, CALL.removesuffix("</tool_call>")) == Whole(calls=[NOW])


def test_thoughts_end_within_what_looked_like_a_call() -> None:
    whole = letter_by_letter(HERMES, f'<think><tool_call>{{"a": "b</think>So.{CALL}')
    assert whole == Whole(text="So.", thinking='<tool_call>{"a": "b', calls=[NOW])


@pytest.mark.parametrize("text", ["[" * 5000, "<tool_call>" + "[" * 5000, '<tool_call>{"a":' * 500, "\ud83d", "\0"])
@pytest.mark.parametrize("family", [HERMES, families.QWEN_XML, families.GENERIC, families.LLAMA4, families.HARMONY])
def test_no_text_makes_a_parser_raise(family: Family, text: str) -> None:
    assert letter_by_letter(family, text).calls == []


def test_finishing_twice_gives_nothing_twice() -> None:
    parser = HERMES.parser(tools=TOOLS)
    parser.feed("a <")
    assert [len(parser.finish()), len(parser.finish())] == [1, 0]
