from __future__ import annotations

import json

from inference.chat.parsing import GENERIC, generic_instructions
from tests.inference.chat.parsing.writing import TOOLS, Whole, letter_by_letter, parsed

CALL = '{"name": "weather", "arguments": {"city": "Bern"}}'
MADE = [("weather", {"city": "Bern"})]


def test_the_instructions_show_every_tool_and_the_form_of_a_call() -> None:
    text = generic_instructions(TOOLS)
    assert all(json.dumps(tool["function"], ensure_ascii=False) in text for tool in TOOLS)
    assert '{"name": "<name of the function>", "arguments": {' in text


def test_a_call_may_stand_in_a_fence_in_tags_or_alone() -> None:
    for text in (CALL, f"```json\n{CALL}\n```", f"```\n{CALL}```", f"<tool_call>{CALL}</tool_call>", f"[{CALL}]"):
        assert letter_by_letter(GENERIC, text) == Whole(calls=MADE), text


def test_words_around_a_call_stay() -> None:
    assert letter_by_letter(GENERIC, f"I look: {CALL} Done.") == Whole(text="I look: Done.", calls=MADE)


def test_json_that_names_no_tool_is_an_answer() -> None:
    for text in (
        '{"name": "Bern", "age": 3}',
        '{"name": "other", "arguments": {}}',
        '[{"a": 1}, 2]',
        "{}",
        '{"name": "w',
    ):
        assert letter_by_letter(GENERIC, text) == Whole(text=text), text


def test_code_is_an_answer_fences_and_all() -> None:
    text = 'So:\n```python\nprint({"a": [1]})\n```\nand\n```json\n{"b": 2}\n```'
    assert letter_by_letter(GENERIC, text) == parsed(GENERIC, text) == Whole(text=text)


def test_arguments_may_come_as_text_and_under_other_names() -> None:
    text = '{"type": "function", "function": {"name": "weather", "arguments": "{\\"city\\": \\"Bern\\"}"}}'
    assert letter_by_letter(GENERIC, text).calls == MADE
    assert letter_by_letter(GENERIC, '{"name": "now"}').calls == [("now", {})]
    assert letter_by_letter(GENERIC, '{"name": "now", "parameters": {"a": 1}}').calls == [("now", {"a": 1})]
