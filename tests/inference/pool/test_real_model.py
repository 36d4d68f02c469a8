"""The pool over a real worker and the real SmolLM2: that the pieces fit, and that a crash costs about a load."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inference import (
    ChatPrompt,
    GenerateRequest,
    LoadOptions,
    Message,
    ModelSpec,
    Pool,
    PoolConfig,
    SamplingOptions,
    TextPrompt,
)
from inference.errors import ModelLoadError, PromptTooLong, WorkerCrashed
from inference.events import Finished
from inference.worker.host import WorkerHost
from tests.inference.worker.support import text_read

pytestmark = [pytest.mark.real_model, pytest.mark.slow, pytest.mark.timeout(600)]
pytest.importorskip("llama_cpp")

OPTIONS = LoadOptions(num_ctx=2048)


@pytest.fixture
def spec(smollm2_path: Path) -> ModelSpec:
    return ModelSpec(
        name="smollm2:135m",
        digest="5" * 64,
        model_path=str(smollm2_path),
        size_bytes=smollm2_path.stat().st_size,
        n_ctx_train=8192,
        kv_bytes_per_token=2 * 30 * 3 * 64 * 2,
        n_vocab=49152,
        n_embd=576,
    )


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(PoolConfig())
    yield pool
    await pool.shutdown(drain_seconds=0)


def ask(text: str, *, num_predict: int = 24) -> GenerateRequest:
    prompt = ChatPrompt(messages=(Message(role="user", content=text),))
    return GenerateRequest(prompt=prompt, num_predict=num_predict, sampling=SamplingOptions(temperature=0, seed=1))


async def test_it_answers_and_remembers_the_prompt(pool: Pool, spec: ModelSpec) -> None:
    text = TextPrompt(text="France is a country in Europe, Paris is its capital. The capital of France is")
    request = GenerateRequest(prompt=text, num_predict=8, sampling=SamplingOptions(temperature=0))
    first = await text_read(await pool.generate(spec, OPTIONS, request))
    assert "Paris" in first
    again = await pool.generate(spec, OPTIONS, request)
    assert again.started.n_cached > again.started.n_prompt // 2
    assert await text_read(again) == first


async def test_several_at_once_get_the_answers_they_get_alone(pool: Pool, spec: ModelSpec) -> None:
    async def finished(text: str) -> Finished:
        stream = await pool.generate(spec, OPTIONS, ask(text, num_predict=8))
        *_, last = [event async for events in stream for event in events]
        assert isinstance(last, Finished)
        return last

    ends = await asyncio.gather(*(finished(f"Count to {number}.") for number in range(8)))
    assert all(0 < end.n_generated <= 8 for end in ends)


async def test_a_crash_fails_the_stream_at_once_and_costs_the_next_request_a_load(pool: Pool, spec: ModelSpec) -> None:
    stream = await pool.generate(spec, OPTIONS, ask("Tell a long story.", num_predict=500))
    await anext(stream)
    host = pool._models[spec.digest].host
    assert isinstance(host, WorkerHost)
    assert host.pid is not None
    began = time.monotonic()
    os.kill(host.pid, signal.SIGSEGV)
    with pytest.raises(WorkerCrashed, match="SIGSEGV"):
        await text_read(stream)
    assert time.monotonic() - began < 2
    again = await pool.generate(spec, OPTIONS, ask("Say hello."))
    assert again.load_seconds > 0
    assert await text_read(again)


async def test_a_refused_prompt_leaves_the_model_as_it_is(pool: Pool, spec: ModelSpec) -> None:
    long = GenerateRequest(prompt=TextPrompt(text="word " * 5000), truncate=False)
    with pytest.raises(PromptTooLong) as caught:
        await pool.generate(spec, OPTIONS, long)
    assert caught.value.n_ctx == 2048
    assert pool.residents()[0].n_queued == 0
    assert await pool.load(spec, OPTIONS) == 0.0


async def test_garbage_is_a_failed_load_and_names_no_path(pool: Pool, spec: ModelSpec, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"GGUF" + b"\xff" * 1000)
    broken = ModelSpec(
        name="broken",
        digest="b" * 64,
        model_path=str(garbage),
        size_bytes=1004,
        n_ctx_train=2048,
        kv_bytes_per_token=100,
    )
    with pytest.raises((ModelLoadError, WorkerCrashed)) as caught:
        await pool.load(broken, OPTIONS)
    assert str(tmp_path) not in str(caught.value)
    assert await pool.load(spec, OPTIONS) > 0
