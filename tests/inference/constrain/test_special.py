from __future__ import annotations

import pytest

from inference.constrain.special import as_tokens, marker
from inference.engine.fake.vocabulary import new_tokenizer
from tests.inference.constrain.support import VOCABULARY

TOKENIZER = new_tokenizer()
PRESERVED = ("<|fake|>", "plain")


@pytest.mark.parametrize(
    ("lark", "expected"),
    [
        ('start: "<|fake|>" call', "start: <[2]> call"),
        ('start: "<|fake|>"\n// "<|fake|>"', 'start: <[2]>\n// "<|fake|>"'),
        ('start: "<|fake|>x" "plain"', 'start: "<|fake|>x" "plain"'),
        ('start: /"<|fake|>"/ "<|fake|>"', 'start: /"<|fake|>"/ <[2]>'),
        ('a[suffix="<|fake|>"]: "b"', 'a[suffix="<|fake|>"]: "b"'),
        ('start: %json {"const": "<|fake|>"} "<|fake|>"', 'start: %json {"const": "<|fake|>"} <[2]>'),
        (r'start: "\"" "<|fake|>" "\\"', r'start: "\"" <[2]> "\\"'),
        ('start: "<|fake|>"i', 'start: "<|fake|>"i'),
        ('start: %json {"never": "closed', 'start: %json {"never": "closed'),
        (r'start: "\q" "<|fake|>"', r'start: "\q" <[2]>'),
    ],
)
def test_only_literals_that_are_one_special_token_become_tokens(lark: str, expected: str) -> None:
    assert as_tokens(lark, PRESERVED, VOCABULARY, TOKENIZER) == expected


def test_a_text_nobody_preserves_stays_a_text() -> None:
    assert as_tokens('start: "<|fake|>"', (), VOCABULARY, TOKENIZER) == 'start: "<|fake|>"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>", '"<think>"'),
        ("<|fake|>", "<[2]>"),
        ("<|fake|>analysis<|fake|>", '<[2]> "analysis" <[2]>'),
        ('a"b\n', '"a\\"b\\n"'),
    ],
)
def test_a_marker_is_matched_as_a_model_writes_it(text: str, expected: str) -> None:
    assert marker(text, VOCABULARY, TOKENIZER) == expected
