from __future__ import annotations

import msgspec
import pytest

from inference.engine.fake.backend import FakeBackend, byte_tokens
from inference.engine.insert import InsertTokens, insert_prompt
from inference.engine.prepare import Prepared, Preparer
from inference.errors import NotSupported, PromptTooLong
from inference.request import ChatPrompt, GenerateRequest, Message
from tests.inference.engine.support import fake_backend

TOKENS = InsertTokens(prefix=100, suffix=200, middle=300)
SUFFIX_TEMPLATE = "{{ if .Suffix }}<P>{{ .Prompt }}<S>{{ .Suffix }}<M>{{ else }}{{ .Prompt }}{{ end }}"


def test_prefix_suffix_and_middle_stand_in_this_order() -> None:
    assert insert_prompt(TOKENS, [1, 2], [3], head=[9], n_most=50) == ([9, 100, 1, 2, 200, 3, 300], 0)


def test_what_is_far_from_the_gap_is_left_out_first() -> None:
    prompt, n_dropped = insert_prompt(TOKENS, list(range(40)), list(range(60, 80)), head=[9], n_most=24)
    assert prompt == [9, 100, *range(25, 40), 200, *range(60, 65), 300]
    assert n_dropped == 40


@pytest.mark.parametrize(("n_prefix", "n_suffix"), [(0, 0), (100, 0), (0, 100), (100, 100), (3, 100), (100, 3)])
@pytest.mark.parametrize("n_most", [3, 4, 10, 63])
def test_it_never_takes_more_than_there_is_room_for(n_prefix: int, n_suffix: int, n_most: int) -> None:
    prompt, n_dropped = insert_prompt(TOKENS, [1] * n_prefix, [2] * n_suffix, head=[], n_most=n_most)
    assert len(prompt) == min(n_most, n_prefix + n_suffix + 3)
    assert len(prompt) + n_dropped == n_prefix + n_suffix + 3


class _InsertBackend(FakeBackend):
    @property
    def info(self):  # type: ignore[no-untyped-def]
        return msgspec.structs.replace(super().info, insert=InsertTokens(1, 2, 0, ("<P>", "<S>", "<M>")))


def prepare(*, template: str = "", with_tokens: bool = True, num_ctx: int = 64, **request: object) -> Prepared:
    backend = fake_backend(num_ctx=num_ctx)
    backend.__class__ = _InsertBackend if with_tokens else FakeBackend
    messages = (Message(role="system", content="unused"), Message(role="user", content="def f("))
    prompt = ChatPrompt(messages=messages, suffix="return 1", template=template)
    return Preparer(backend).prepare(GenerateRequest(prompt=prompt, **request))  # type: ignore[arg-type]


def test_a_template_that_knows_a_suffix_writes_the_prompt() -> None:
    assert prepare(template=SUFFIX_TEMPLATE).text == "<P>def f(<S>return 1<M>"


def test_a_model_with_tokens_for_it_needs_no_template() -> None:
    assert prepare().text == "<P>def f(<S>return 1<M>"
    expected = [0, 1, *byte_tokens("def f("), 2, *byte_tokens("return 1"), 0]
    assert prepare().tokens == expected
    assert prepare(template="{{ .Prompt }}").tokens == expected


def test_a_model_without_either_refuses() -> None:
    with pytest.raises(NotSupported):
        prepare(with_tokens=False)


def test_too_long_is_cut_around_the_gap_or_refused() -> None:
    prepared = prepare(num_ctx=12)
    assert len(prepared.tokens) == 11
    assert prepared.n_dropped_tokens == 7
    with pytest.raises(PromptTooLong):
        prepare(num_ctx=12, truncate=False)
