"""Tokens through the pool and an inline worker: the messages are those of a process, too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from inference import LoadOptions, Pool, PoolConfig, TextPrompt, TokenizeRequest, TokenPrompt
from inference.engine.fake.vocabulary import BOS, N_VOCAB, VOCABULARY, byte_tokens
from inference.errors import InvalidOption, InvalidRequest
from tests.inference.worker.support import REQUEST, fake_spec, text_read

OPTIONS = LoadOptions(num_ctx=8)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(PoolConfig(engine_host="inline", backend="fake"))
    yield pool
    await pool.shutdown(drain_seconds=0)


async def test_tokens_come_back_however_many(pool: Pool) -> None:
    request = TokenizeRequest(prompt=TextPrompt(text="a" * 100), wants="pieces")
    found = await pool.tokenize(fake_spec(), OPTIONS, request)
    assert found.tokens == (BOS, *byte_tokens("a" * 100))
    assert b"".join(found.pieces) == b"<s>" + b"a" * 100
    assert pool.residents()[0].n_active == pool.residents()[0].n_queued == 0


async def test_a_refusal_is_raised_and_others_go_on(pool: Pool) -> None:
    with pytest.raises(InvalidOption, match=str(N_VOCAB)):
        await pool.tokenize(fake_spec(), OPTIONS, TokenizeRequest(prompt=TokenPrompt(tokens=(N_VOCAB,))))
    with pytest.raises(InvalidRequest):
        await pool.tokenize(fake_spec(), OPTIONS, TokenizeRequest(prompt=TextPrompt(text="\ud800")))
    assert await text_read(await pool.generate(fake_spec(), OPTIONS, REQUEST))


async def test_a_model_that_only_embeds_has_tokens(pool: Pool) -> None:
    spec = msgspec.structs.replace(fake_spec(), embeds_only=True)
    found = await pool.tokenize(spec, OPTIONS, TokenizeRequest(prompt=TextPrompt(text="ab"), wants="count"))
    assert (found.n_tokens, found.tokens) == (3, ())


async def test_a_loaded_model_is_described(pool: Pool) -> None:
    info = await pool.describe(fake_spec(), OPTIONS)
    assert info.vocabulary == VOCABULARY
    assert info.n_ctx == 8
    assert pool.residents()[0].n_active == 0
