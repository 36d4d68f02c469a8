"""Embeddings through both hosts: the worker as a process and as a thread."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import msgspec
import numpy as np
import pytest

from inference import EmbedRequest, LoadOptions, Pool, PoolConfig
from inference.config import EngineHost
from inference.engine.fake.embed import fake_vector
from inference.engine.fake.vocabulary import BOS, byte_tokens
from inference.errors import InputTooLong, InvalidRequest, NotSupported, ServerBusy, WorkerCrashed
from inference.spec import ModelSpec
from inference.worker.host import WorkerHost
from tests.inference.worker.support import REQUEST, fake_spec, text_read, until

TEXTS = tuple(f"text number {i}" for i in range(30))
SLOW = "fake:delay=30"

Make = Callable[..., Pool]


@pytest.fixture(params=["process", "inline"])
def engine_host(request: pytest.FixtureRequest) -> EngineHost:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
async def make(engine_host: EngineHost) -> AsyncIterator[Make]:
    pools: list[Pool] = []

    def new(**config: object) -> Pool:
        pools.append(Pool(PoolConfig(engine_host=engine_host, backend="fake", **config)))  # type: ignore[arg-type]
        return pools[-1]

    yield new
    for pool in pools:
        await pool.shutdown(drain_seconds=0)


def embeds_only(path: str = "fake:embed_split=0") -> ModelSpec:
    return msgspec.structs.replace(fake_spec(path), embeds_only=True)


async def test_vectors_come_in_the_order_of_their_texts(make: Make) -> None:
    made = await make().embed(fake_spec(), LoadOptions(), EmbedRequest(inputs=TEXTS, normalize=False))
    assert made.started.n_prompt == sum(1 + len(text) for text in TEXTS)
    assert made.load_seconds > 0
    for text, vector in zip(TEXTS, made.vectors, strict=True):
        np.testing.assert_array_equal(np.frombuffer(vector, "<f4"), fake_vector([BOS, *byte_tokens(text)]))


async def test_chats_and_embeddings_of_one_model_go_on_together(make: Make) -> None:
    pool = make()
    spec = fake_spec("fake:length=20&delay=0.005&text=abcd")
    stream, made = await asyncio.gather(
        pool.generate(spec, LoadOptions(), REQUEST), pool.embed(spec, LoadOptions(), EmbedRequest(inputs=TEXTS))
    )
    assert len(made.vectors) == len(TEXTS)
    assert len(await text_read(stream)) == 20


async def test_a_model_that_only_embeds_refuses_to_generate(make: Make) -> None:
    pool = make()
    made = await pool.embed(embeds_only(), LoadOptions(), EmbedRequest(inputs=TEXTS))
    assert len(made.vectors) == len(TEXTS)
    with pytest.raises(NotSupported):
        await pool.generate(embeds_only(), LoadOptions(), REQUEST)


async def test_a_bad_request_fails_with_its_own_error(make: Make) -> None:
    pool = make()
    with pytest.raises(InputTooLong) as caught:
        await pool.embed(fake_spec(), LoadOptions(num_ctx=8), EmbedRequest(inputs=("x" * 40,), truncate=False))
    assert (caught.value.n_input, caught.value.n_ctx) == (41, 8)
    with pytest.raises(InvalidRequest):
        await pool.embed(fake_spec(), LoadOptions(num_ctx=8), EmbedRequest(inputs=("\ud800",)))
    assert pool.residents()[0].n_active == pool.residents()[0].n_queued == 0


async def test_whoever_leaves_frees_the_worker_at_once(make: Make) -> None:
    pool = make()
    task = asyncio.ensure_future(pool.embed(fake_spec(SLOW), LoadOptions(), EmbedRequest(inputs=("a",))))
    await until(lambda: bool(pool.residents()) and pool.residents()[0].n_active == 1)
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert pool.residents()[0].n_active == 0
    second = asyncio.ensure_future(pool.embed(fake_spec(SLOW), LoadOptions(), EmbedRequest(inputs=("b",))))
    seconds = await until(lambda: pool.residents()[0].n_active == 1)
    assert seconds < 10, "the decode of 30 seconds went on"
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_it_has_its_place_in_the_queue_and_no_more(make: Make) -> None:
    pool = make(max_queue=1)
    asks = [
        asyncio.ensure_future(pool.embed(fake_spec(SLOW), LoadOptions(num_parallel=1), EmbedRequest(inputs=("a",))))
        for _ in range(2)
    ]
    await asyncio.sleep(0)
    with pytest.raises(ServerBusy):
        await pool.embed(fake_spec(SLOW), LoadOptions(num_parallel=1), EmbedRequest(inputs=("a",)))
    for ask in asks:
        ask.cancel()
    await asyncio.gather(*asks, return_exceptions=True)


async def test_a_worker_that_dies_is_replaced_once(make: Make, engine_host: EngineHost) -> None:
    if engine_host == "inline":
        pytest.skip("a thread does not die alone")
    pool = make()
    ask = asyncio.ensure_future(pool.embed(fake_spec(SLOW), LoadOptions(), EmbedRequest(inputs=("a",))))
    killed: set[int] = set()
    for _ in range(2):
        pid = await working_pid(pool, killed)
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
    with pytest.raises(WorkerCrashed):
        await asyncio.wait_for(ask, 20)
    assert len(killed) == 2


async def working_pid(pool: Pool, known: set[int]) -> int:
    await until(lambda: any(r.n_active for r in pool.residents()) and bool(live_pids(pool) - known))
    return next(iter(live_pids(pool) - known))


def live_pids(pool: Pool) -> set[int]:
    hosts = [model.host for model in pool._models.values()]
    return {host.pid for host in hosts if isinstance(host, WorkerHost) and host.pid is not None}


@pytest.mark.slow
async def test_a_decode_that_hangs_ends_the_worker(make: Make, engine_host: EngineHost) -> None:
    if engine_host == "inline":
        pytest.skip("a thread can't be ended")
    pool = make(hang_timeout_seconds=1.0, heartbeat_seconds=0.2)
    with pytest.raises(WorkerCrashed, match="no progress"):
        await asyncio.wait_for(pool.embed(fake_spec(SLOW), LoadOptions(), EmbedRequest(inputs=("a",))), 30)
