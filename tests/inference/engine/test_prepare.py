from __future__ import annotations

import msgspec
import pytest

from inference.engine.fake.backend import BOS, byte_tokens
from inference.engine.prepare import Prepared, Preparer
from inference.errors import InvalidOption, PromptTooLong, TemplateError
from inference.request import (
    ChatPrompt,
    GenerateRequest,
    Message,
    Prompt,
    SamplingOptions,
    TextPrompt,
    TokenPrompt,
)
from tests.inference.engine.support import fake_backend

PLAIN = "{% for m in messages %}[{{ m.role[0] }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"


def prepare(
    prompt: Prompt, *, num_ctx: int = 64, num_ctx_asked: int = 0, template: str | None = PLAIN, **request: object
) -> Prepared:
    """``num_ctx`` is what the model is loaded with, ``num_ctx_asked`` the request's own."""
    backend = fake_backend(num_ctx=num_ctx, chat_template=template)
    return Preparer(backend).prepare(GenerateRequest(prompt=prompt, num_ctx=num_ctx_asked, **request))  # type: ignore[arg-type]


def text(prepared: Prepared) -> str:
    return bytes(token - 3 for token in prepared.tokens if token >= 3).decode()


def chat(*turns: str, roles: str = "uauauauauaua") -> ChatPrompt:
    names = {"u": "user", "a": "assistant", "s": "system"}
    messages = tuple(Message(role=names[role], content=turn) for role, turn in zip(roles, turns, strict=False))
    return ChatPrompt(messages=messages)


def test_one_of_ollamas_templates_takes_the_place_of_the_models_own() -> None:
    prompt = msgspec.structs.replace(chat("be brief", "hi", roles="su"), template="{{ .System }}|{{ .Prompt }}>")
    prepared = prepare(prompt)
    assert prepared.text == text(prepared) == "be brief|hi>"


def test_a_template_that_is_broken_refuses_its_request() -> None:
    with pytest.raises(TemplateError, match="line 1"):
        prepare(ChatPrompt(messages=(Message(role="user", content="hi"),), template="{{ if }}"))


def test_a_text_is_tokenized_as_it_stands() -> None:
    assert prepare(TextPrompt(text="hi")).tokens == [BOS, *byte_tokens("hi")]


def test_context_tokens_come_first_and_bring_their_own_beginning() -> None:
    assert prepare(TextPrompt(text="hi", context=(5, 6))).tokens == [5, 6, *byte_tokens("hi")]


def test_a_chat_goes_through_the_template() -> None:
    assert text(prepare(chat("hello"))) == "[u]hello>"


def test_a_template_that_writes_the_first_token_itself_does_not_get_two() -> None:
    assert prepare(chat("x"), template="<s>{{ messages[0].content }}").tokens == byte_tokens("<s>x")


def test_a_model_without_a_template_gets_the_one_its_vocabulary_tells() -> None:
    assert text(prepare(chat("x"), template=None)) == "User: x\n\nAssistant:"


def test_a_broken_template_refuses_chats_only() -> None:
    assert text(prepare(TextPrompt(text="fine"), template="{% if")) == "fine"
    with pytest.raises(TemplateError):
        prepare(chat("x"), template="{% if")


def test_the_oldest_messages_are_dropped_until_the_chat_fits() -> None:
    prepared = prepare(chat("a" * 20, "b" * 20, "c" * 20, "d" * 5, "last"), num_ctx=64)
    assert text(prepared) == f"[a]{'b' * 20}[u]{'c' * 20}[a]ddddd[u]last>"
    assert (prepared.n_dropped_messages, prepared.n_dropped_tokens) == (1, 0)


def test_the_system_message_and_the_last_one_stay() -> None:
    prepared = prepare(chat("system", "a" * 50, "b" * 50, "last", roles="suau"), num_ctx=64)
    assert text(prepared) == "[s]system[u]last>"
    assert prepared.n_dropped_messages == 2


def test_what_is_still_too_long_loses_tokens_behind_those_to_keep() -> None:
    prepared = prepare(chat("a" * 30 + "z" * 100), num_ctx=64, num_keep=4)
    assert (len(prepared.tokens), prepared.n_dropped_messages) == (63, 0)
    assert prepared.n_dropped_tokens == 135 - 63
    assert prepared.tokens[0] == BOS
    assert text(prepared).startswith("[u]")
    assert text(prepared).endswith("z>")


def test_a_text_loses_its_head_after_num_keep() -> None:
    prepared = prepare(TextPrompt(text="KEEP" + "x" * 100 + "tail"), num_ctx=64, num_keep=5)
    assert text(prepared).startswith("KEEPx")
    assert text(prepared).endswith("tail")
    assert prepared.n_dropped_tokens == 109 - 63


@pytest.mark.parametrize("prompt", [chat("a" * 30, "b" * 30, "c"), TextPrompt(text="x" * 64)])
def test_without_truncation_too_long_is_refused_with_its_numbers(prompt: Prompt) -> None:
    with pytest.raises(PromptTooLong) as caught:
        prepare(prompt, num_ctx=64, truncate=False)
    assert caught.value.n_ctx == 64
    assert caught.value.n_prompt >= 64


def test_a_request_with_a_shorter_context_than_the_models_is_held_to_its_own() -> None:
    long = TextPrompt(text="x" * 40)
    assert len(prepare(long, num_ctx=64, num_ctx_asked=32).tokens) == 31
    assert len(prepare(long, num_ctx=64, num_ctx_asked=1000).tokens) == 41
    with pytest.raises(PromptTooLong) as caught:
        prepare(long, num_ctx=64, num_ctx_asked=32, truncate=False)
    assert caught.value.n_ctx == 32


@pytest.mark.parametrize("n_tokens", [62, 63])
def test_a_prompt_that_leaves_room_for_one_token_fits(n_tokens: int) -> None:
    prepared = prepare(TokenPrompt(tokens=(5,) * n_tokens), num_ctx=64, truncate=False)
    assert len(prepared.tokens) == n_tokens


@pytest.mark.parametrize("token", [-1, 259, 10**9])
def test_a_token_that_the_model_does_not_have_is_refused_by_name(token: int) -> None:
    with pytest.raises(InvalidOption, match="prompt"):
        prepare(TokenPrompt(tokens=(3, token)))
    with pytest.raises(InvalidOption) as caught:
        prepare(TextPrompt(text="x"), sampling=SamplingOptions(logit_bias={token: 1.0}))
    assert caught.value.option == "logit_bias"
    with pytest.raises(InvalidOption, match="context"):
        prepare(TextPrompt(text="x", context=(token,)))


def test_an_empty_prompt_starts_from_the_models_first_token() -> None:
    assert prepare(TextPrompt(text="")).tokens == [BOS]


def test_a_template_that_makes_far_more_than_fits_is_refused() -> None:
    with pytest.raises(TemplateError, match="more text"):
        prepare(chat("x"), template="{% for i in range(9999) %}aaaaaaaaaa{% endfor %}", num_ctx=64)
