"""Tokens for the wires, over a pool whose worker is a thread with the fake backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inference import ChatPrompt, Message, ModelSpec, TextPrompt
from inference.engine.fake.vocabulary import BOS, VOCABULARY, byte_tokens
from inference.errors import InvalidOption, NotSupported
from inference.options import ParsedOptions
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving import Ask
from models_app.serving.tokens import (
    model_describe,
    prompt_count,
    prompt_tokenize,
    tokens_detokenize,
)
from power_site import conf, runtime

SPEC = ModelSpec(
    name="m:latest",
    digest="ab" * 32,
    model_path="fake:",
    size_bytes=1,
    n_ctx_train=64,
    kv_bytes_per_token=1,
    n_vocab=259,
    chat_template="{% for m in messages %}<{{ m.content }}>{% endfor %}",
)
SERVED = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=("completion",))


@pytest.fixture(autouse=True)
async def pool(home: Path) -> AsyncIterator[None]:
    conf.configure({"backend": "fake", "engine_host": "inline"})
    pool = await runtime.start(conf.config())
    yield
    await pool.shutdown(drain_seconds=0)
    runtime.forget()


def ask(*turns: Message) -> Ask:
    return Ask(prompt=ChatPrompt(messages=turns), options=ParsedOptions())


async def test_a_chat_is_counted_as_its_template_has_it_even_beyond_the_context() -> None:
    turn = Message(role="user", content="x" * 100)
    assert await prompt_count(SERVED, ask(turn, turn)) == 1 + 2 * 102


async def test_images_of_a_model_that_sees_nothing_are_refused_before_it_is_loaded() -> None:
    with pytest.raises(NotSupported):
        await prompt_count(SERVED, ask(Message(role="user", images=(b"x",))))
    assert runtime.pool().residents() == []


async def test_text_becomes_tokens_and_tokens_text() -> None:
    found = await prompt_tokenize(SERVED, TextPrompt(text="hé"))
    assert found.tokens == (BOS, *byte_tokens("hé"))
    assert await tokens_detokenize(SERVED, found.tokens) == "<s>hé"
    assert await tokens_detokenize(SERVED, found.tokens[:-1]) == "<s>h\ufffd"
    assert (await prompt_tokenize(SERVED, TextPrompt(text="h"), add_special=False)).pieces == (b"h",)
    with pytest.raises(InvalidOption):
        await tokens_detokenize(SERVED, [9999])


async def test_a_model_tells_its_vocabulary() -> None:
    info = await model_describe(SERVED)
    assert (info.vocabulary, info.n_ctx) == (VOCABULARY, 64)
