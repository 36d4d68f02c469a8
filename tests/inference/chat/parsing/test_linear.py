"""Reading takes time by the text's length, however small the pieces are."""

from __future__ import annotations

import time

import pytest

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from tests.inference.chat.parsing.writing import TOOLS

TEXTS = {
    "prose": "word and <b>text</b> [x] {y} \n",
    "openers": '<tool_call>{"',
    "a value": "</parameter> ",
    "quotes": 'a\\"',
}
HEADS = {"a value": "<tool_call><function=weather><parameter=city>", "quotes": '<tool_call>{"name": "'}


def seconds(family: Family, text: str) -> float:
    parser = family.parser(tools=TOOLS)
    started = time.process_time()
    for character in text:
        parser.feed(character)
    parser.finish()
    return time.process_time() - started


@pytest.mark.parametrize("text", TEXTS)
def test_eight_times_the_text_takes_about_eight_times_as_long(text: str) -> None:
    def of(length: int) -> str:
        return HEADS.get(text, "") + TEXTS[text] * (length // len(TEXTS[text]))

    short = min(seconds(families.QWEN_XML, of(2_000)) for _ in range(3))
    assert seconds(families.QWEN_XML, of(16_000)) < 30 * short
