"""``Pool.embed`` over scripted hosts."""

from __future__ import annotations

import asyncio

import pytest

from inference import Embeddings, EmbedRequest, LoadOptions
from inference.errors import DecodeFailed, ServerBusy, ShuttingDown, WorkerCrashed
from inference.events import Embedded, Failed, Finished, Started
from tests.inference.pool.scripted import Bench, ScriptedHost, settle, spec

A = spec("a")
ASK = EmbedRequest(inputs=("one", "two", "three"))
STARTED = Started(n_prompt=9, n_cached=0, n_ctx=512)
FINISHED = Finished(reason="stop", n_prompt=9, n_cached=0, n_generated=0, prompt_seconds=0.1, decode_seconds=0.0)


def ask(bench: Bench, request: EmbedRequest = ASK, **options: float | None) -> asyncio.Task[Embeddings]:
    return asyncio.get_running_loop().create_task(bench.pool.embed(A, LoadOptions(num_parallel=1), request, **options))


async def asked(bench: Bench) -> tuple[asyncio.Task[Embeddings], ScriptedHost]:
    task = ask(bench)
    await settle()
    bench.hosts[-1].ready()
    await settle()
    return task, bench.hosts[-1]


async def test_vectors_are_put_in_order_however_they_come() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED, Embedded((2, 0), b"ccccaaaa"), Embedded((1,), b"bbbb"), FINISHED)
    made = await task
    assert made.vectors == (b"aaaa", b"bbbb", b"cccc")
    assert made.started == STARTED


async def test_the_model_is_idle_again_when_it_is_done() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED)
    await settle()
    assert bench.pool.residents()[0].n_active == 1
    host.say(0, Embedded((0, 1, 2), b"aaaabbbbcccc"), FINISHED)
    await task
    assert bench.pool.residents()[0].n_active == 0
    bench.clock.advance(301)
    await settle()
    assert bench.states == {}


async def test_a_failure_after_the_start_is_raised() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED, Embedded((0,), b"aaaa"), Failed.of(DecodeFailed("no")))
    with pytest.raises(DecodeFailed, match=r"^no$"):
        await task
    assert bench.observer.seen[-1] == ("refused", "model-a", "DecodeFailed")


async def test_nothing_has_reached_the_caller_so_a_crash_costs_a_second_try() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED, Embedded((0,), b"aaaa"))
    host.crash()
    await settle()
    bench.hosts[-1].ready()
    await settle()
    bench.hosts[-1].say(0, STARTED, Embedded((0, 1, 2), b"AAAABBBBCCCC"), FINISHED)
    assert (await task).vectors == (b"AAAA", b"BBBB", b"CCCC")


async def test_a_second_crash_is_the_answer() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.crash()
    await settle()
    bench.hosts[-1].ready()
    await settle()
    bench.hosts[-1].crash()
    with pytest.raises(WorkerCrashed):
        await task


async def test_whoever_leaves_is_cancelled_on_the_worker() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED)
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert host.cancelled == [1]
    assert bench.pool.residents()[0].n_active == 0


async def test_the_queue_has_an_end() -> None:
    bench = Bench(max_queue=1)
    tasks = [ask(bench) for _ in range(2)]
    await settle()
    with pytest.raises(ServerBusy):
        await ask(bench)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_shutdown_is_the_answer_to_what_does_not_finish_in_time() -> None:
    bench = Bench()
    task, host = await asked(bench)
    host.say(0, STARTED, Embedded((1,), b"bbbb"))
    await settle()
    await bench.pool.shutdown(drain_seconds=0)
    with pytest.raises(ShuttingDown):
        await task
    assert host.gone


async def test_keep_alive_holds_for_embeddings_too() -> None:
    bench = Bench()
    task = ask(bench, keep_alive_seconds=0)
    await settle()
    bench.hosts[-1].ready()
    await settle()
    bench.hosts[-1].say(0, STARTED, Embedded((0, 1, 2), b"aaaabbbbcccc"), FINISHED)
    await task
    await settle()
    assert bench.states == {}
