"""Templates of models that bring none, against the formats their makers publish."""

from __future__ import annotations

import pytest

from inference.chat.defaults import CHATML, GEMMA, GENERIC, LLAMA2, LLAMA3, PHI2, PHI3, default_template
from inference.chat.template import ChatTemplate
from inference.request import Message

TALK = [
    Message(role="system", content="S"),
    Message(role="user", content="A"),
    Message(role="assistant", content="B"),
    Message(role="user", content="C"),
]


@pytest.mark.parametrize(
    ("tokens", "architecture", "n_vocab", "expected"),
    [
        (["<|im_start|>", "<|im_end|>"], "llama", 49152, CHATML),
        (["<|start_header_id|>", "<|eot_id|>"], "llama", 128256, LLAMA3),
        (["<start_of_turn>"], "gemma2", 256000, GEMMA),
        (["<|user|>", "<|assistant|>", "<|end|>"], "phi3", 32064, PHI3),
        (["[INST]", "[/INST]"], "llama", 32768, LLAMA2),
        ([], "llama", 32000, LLAMA2),
        ([], "phi2", 51200, PHI2),
        ([], "gpt2", 50257, GENERIC),
        ([], "", 259, GENERIC),
    ],
)
def test_a_template_is_told_by_its_tokens_or_its_family(
    tokens: list[str], architecture: str, n_vocab: int, expected: str
) -> None:
    assert default_template(tokens.__contains__, architecture=architecture, n_vocab=n_vocab) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            CHATML,
            (
                "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n"
                "<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n"
            ),
        ),
        (
            LLAMA3,
            (
                "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
                "<|start_header_id|>user<|end_header_id|>\n\nA<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>"
                "<|start_header_id|>user<|end_header_id|>\n\nC<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\n"
            ),
        ),
        (
            GEMMA,
            (
                "<s><start_of_turn>user\nS\n\nA<end_of_turn>\n<start_of_turn>model\nB<end_of_turn>\n"
                "<start_of_turn>user\nC<end_of_turn>\n<start_of_turn>model\n"
            ),
        ),
        (
            PHI3,
            "<|system|>\nS<|end|>\n<|user|>\nA<|end|>\n<|assistant|>\nB<|end|>\n<|user|>\nC<|end|>\n<|assistant|>\n",
        ),
        (PHI2, "S\nInstruct: A\nOutput: B\nInstruct: C\nOutput:"),
        (LLAMA2, "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nA [/INST] B </s><s>[INST] C [/INST]"),
        (GENERIC, "System: S\n\nUser: A\n\nAssistant: B\n\nUser: C\n\nAssistant:"),
    ],
)
def test_each_renders_as_published(template: str, expected: str) -> None:
    assert ChatTemplate(template, bos="<s>", eos="</s>").render(TALK) == expected
