"""The pool over scripted hosts: no process, no thread, no sleep; time moves when a test moves it."""

from __future__ import annotations

import asyncio
import math

import pytest

from inference import LoadOptions, Pool, PoolConfig, TextDelta
from inference.errors import (
    BackendNotAvailable,
    CircuitOpen,
    LoadTimeout,
    ModelLoadError,
    ModelTooLarge,
    RequestCancelled,
    ServerBusy,
    ShuttingDown,
    WorkerCrashed,
)
from inference.events import Failed
from inference.pool import pool as pool_module
from tests.inference.pool.scripted import FINISHED, REQUEST, STARTED, Bench, read, settle, spec, text_of

A, B, C = spec("a"), spec("b"), spec("c")
ONE_AT_A_TIME = LoadOptions(num_parallel=1)


async def test_the_first_request_loads_the_model_and_streams() -> None:
    bench = Bench()
    task = bench.ask(A)
    await settle()
    assert bench.states == {"model-a": "loading"}
    bench.clock.advance(2.5)
    bench.hosts[0].ready()
    await settle()
    bench.hosts[0].say(0, STARTED)
    stream = await task
    bench.hosts[0].say(0, TextDelta("Hel"), TextDelta("lo"), FINISHED)
    assert stream.started == STARTED
    assert stream.load_seconds == 2.5
    assert await read(stream) == [TextDelta("Hello", 2), FINISHED]
    assert bench.observer.seen == [
        ("loaded", "model-a"),
        ("started", "model-a", 3, 1),
        ("finished", "model-a", 1),
    ]


async def test_a_request_to_a_resident_model_reports_no_load_time() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    assert stream.load_seconds == 0.0
    assert await bench.pool.load(A, LoadOptions()) == 0.0
    stream.close()


async def test_concurrent_first_requests_load_once() -> None:
    bench = Bench()
    tasks = [bench.ask(A) for _ in range(5)]
    await settle()
    assert len(bench.hosts) == 1
    bench.hosts[0].ready()
    await settle()
    assert len(bench.hosts[0].submitted) == 5
    for index in range(5):
        bench.hosts[0].say(index, STARTED, FINISHED)
    assert len(await asyncio.gather(*tasks)) == 5


async def test_a_slow_load_does_not_block_a_resident_model() -> None:
    bench = Bench(max_loaded_models=2)
    host = await bench.loaded(A)
    waiting = bench.ask(B)
    await settle()
    stream = await bench.streaming(host)
    assert bench.states == {"model-a": "ready", "model-b": "loading"}
    stream.close()
    waiting.cancel()


async def test_a_failed_load_fails_all_who_wait_and_the_next_request_tries_again() -> None:
    bench = Bench()
    tasks = [bench.ask(A) for _ in range(2)]
    await settle()
    bench.hosts[0].refuse(ModelLoadError("not a model"))
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in errors] == ["not a model"] * 2
    assert bench.states == {}
    await bench.loaded(A)
    assert bench.states == {"model-a": "ready"}


async def test_a_worker_that_crashes_while_loading_is_not_tried_again_for_the_same_requests() -> None:
    bench = Bench()
    task = bench.ask(A)
    await settle()
    bench.hosts[0].crash()
    with pytest.raises(WorkerCrashed, match="segmentation fault"):
        await task
    await settle()
    assert len(bench.hosts) == 1


async def test_an_unexpected_error_at_the_start_reaches_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    task = bench.ask(A)
    await settle()
    bench.hosts[0]._loaded.set_exception(OSError("fork: no processes left in /secret/path"))
    with pytest.raises(ModelLoadError, match=r"could not be started$"):
        await task
    bench.hosts[0].kill()


# keep_alive


async def test_an_idle_model_expires_after_its_keep_alive() -> None:
    bench = Bench(keep_alive_seconds=60)
    await bench.loaded(A)
    bench.clock.advance(59)
    assert bench.states == {"model-a": "ready"}
    bench.clock.advance(1)
    await settle()
    assert bench.states == {}
    assert ("evicted", "model-a", "expired") in bench.observer.seen


async def test_keep_alive_counts_from_the_end_of_the_last_request() -> None:
    bench = Bench(keep_alive_seconds=60)
    host = await bench.loaded(A)
    bench.clock.advance(50)
    stream = await bench.streaming(host)
    bench.clock.advance(500)
    assert bench.states == {"model-a": "ready"}
    host.say(0, FINISHED)
    await read(stream)
    bench.clock.advance(59)
    assert bench.states == {"model-a": "ready"}
    bench.clock.advance(1)
    await settle()
    assert bench.states == {}


async def test_keep_alive_zero_unloads_as_soon_as_the_model_is_idle() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    first, second = await bench.streaming(host), await bench.streaming(host, keep_alive_seconds=0)
    host.say(1, FINISHED)
    await settle()
    assert bench.states == {"model-a": "ready"}
    host.say(0, FINISHED)
    await settle()
    assert bench.states == {}
    await read(first)
    await read(second)


@pytest.mark.parametrize("keep_alive", [math.inf, -1.0, 1e12])
async def test_keep_alive_for_ever_never_expires(keep_alive: float) -> None:
    bench = Bench()
    await bench.loaded(A, keep_alive_seconds=keep_alive)
    bench.clock.advance(1e8)
    assert bench.states == {"model-a": "ready"}
    assert bench.pool.residents()[0].expires_at is None


async def test_the_last_request_sets_keep_alive_and_one_without_leaves_it() -> None:
    bench = Bench(keep_alive_seconds=60)
    await bench.loaded(A, keep_alive_seconds=600)
    await bench.pool.load(A, LoadOptions())
    bench.clock.advance(599)
    assert bench.states == {"model-a": "ready"}
    await bench.pool.load(A, LoadOptions(), keep_alive_seconds=5)
    bench.clock.advance(5)
    await settle()
    assert bench.states == {}


# Eviction


async def test_a_new_model_takes_the_place_of_the_idle_one_used_longest_ago() -> None:
    bench = Bench(max_loaded_models=2)
    for each in (A, B):
        await bench.loaded(each)
        bench.clock.advance(1)
    await bench.pool.load(A, LoadOptions())
    task = bench.ask(C)
    await settle()
    assert bench.states == {"model-a": "ready", "model-c": "loading"}
    assert ("evicted", "model-b", "place") in bench.observer.seen
    task.cancel()


async def test_the_evicted_worker_is_gone_before_the_new_one_loads() -> None:
    bench = Bench(slow_stop=True)
    host = await bench.loaded(A)
    task = bench.ask(B)
    await settle()
    assert bench.states == {"model-a": "stopping"}
    host.finish_stop()
    await settle()
    assert bench.states == {"model-b": "loading"}
    task.cancel()


async def test_a_busy_model_is_waited_for_and_takes_no_newer_requests_meanwhile() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    other = bench.ask(B)
    newer = bench.ask(A)
    await settle()
    assert bench.states == {"model-a": "ready"}
    assert len(host.submitted) == 1
    host.say(0, TextDelta("x"), FINISHED)
    assert text_of(await read(stream)) == "x"
    await settle()
    assert bench.states == {"model-b": "loading"}
    bench.hosts[1].ready()
    await settle()
    bench.hosts[1].say(0, STARTED, FINISHED)
    await other
    await settle()
    assert bench.states == {"model-a": "loading"}
    newer.cancel()


async def test_a_model_waited_for_is_served_again_when_the_one_who_waited_leaves() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    other, newer = bench.ask(B), bench.ask(A)
    await settle()
    other.cancel()
    await settle()
    assert len(host.submitted) == 2
    host.say(1, STARTED)
    (await newer).close()
    stream.close()


async def test_a_smaller_context_is_served_and_a_larger_one_reloads_when_idle() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    small = bench.ask(A, LoadOptions(num_ctx=512))
    await settle()
    assert len(host.submitted) == 1
    large = bench.ask(A, LoadOptions(num_ctx=8192))
    await settle()
    host.say(0, STARTED, FINISHED)
    await small
    await settle()
    assert [each.options.num_ctx for each in bench.hosts] == [0, 8192]
    assert ("evicted", "model-a", "reload") in bench.observer.seen
    large.cancel()


# Unload


async def test_unload_ends_an_idle_model_and_knows_what_is_not_resident() -> None:
    bench = Bench()
    await bench.loaded(A)
    assert bench.pool.unload(A.digest)
    await settle()
    assert bench.states == {}
    assert not bench.pool.unload(A.digest)


async def test_unload_lets_streams_finish_and_sends_newer_requests_to_a_fresh_worker() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    assert bench.pool.unload(A.digest)
    newer = bench.ask(A)
    await settle()
    assert bench.states == {"model-a": "stopping"}
    assert bench.pool.residents()[0].n_queued == 1
    assert not host.stopping
    host.say(0, TextDelta("whole answer"), FINISHED)
    assert text_of(await read(stream)) == "whole answer"
    await settle()
    assert host.gone
    assert len(bench.hosts) == 2
    newer.cancel()


async def test_unload_while_loading_serves_those_who_wait_and_then_goes() -> None:
    bench = Bench()
    task = bench.ask(A)
    await settle()
    assert bench.pool.unload(A.digest)
    bench.hosts[0].ready()
    await settle()
    bench.hosts[0].say(0, STARTED, FINISHED)
    await read(await task)
    await settle()
    assert bench.states == {}


# Admission


async def test_beyond_parallel_and_queue_a_loaded_model_refuses_at_once() -> None:
    bench = Bench(max_queue=4)
    task = asyncio.ensure_future(bench.pool.load(A, ONE_AT_A_TIME))
    await settle()
    bench.hosts[0].ready()
    await task
    tasks = [bench.ask(A, ONE_AT_A_TIME) for _ in range(20)]
    await settle()
    refused = [task.exception() for task in tasks if task.done()]
    assert len(refused) == 15
    assert all(isinstance(error, ServerBusy) for error in refused)
    assert str(refused[0]) == "server busy, please try again.  maximum pending requests exceeded"
    bench.hosts[0].say(0, STARTED, FINISHED)
    await settle()
    assert not bench.ask(A, ONE_AT_A_TIME).done()
    await bench.pool.shutdown(drain_seconds=0)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_same_bound_holds_while_the_model_loads() -> None:
    bench = Bench(max_queue=2)
    tasks = [bench.ask(A, ONE_AT_A_TIME) for _ in range(5)]
    await settle()
    assert [task.done() for task in tasks] == [False, False, False, True, True]
    for task in tasks[:3]:
        task.cancel()
    with pytest.raises(ServerBusy):
        tasks[4].result()


async def test_a_caller_who_leaves_the_queue_makes_room_and_cancels_nobody_else() -> None:
    bench = Bench(max_queue=1)
    host = await bench.loaded(A)
    task = bench.ask(A, LoadOptions())
    stream_task = bench.ask(A, LoadOptions())
    await settle()
    host.say(1, STARTED)
    stream = await stream_task
    task.cancel()
    await settle()
    assert host.cancelled == [1]
    host.say(1, TextDelta("unharmed"), FINISHED)
    assert text_of(await read(stream)) == "unharmed"


async def test_a_caller_who_leaves_during_the_load_is_never_submitted() -> None:
    bench = Bench()
    leaving, staying = bench.ask(A), bench.ask(A)
    await settle()
    leaving.cancel()
    bench.hosts[0].ready()
    await settle()
    assert len(bench.hosts[0].submitted) == 1
    bench.hosts[0].say(0, STARTED, FINISHED)
    assert await read(await staying) == [FINISHED]


async def test_closing_a_stream_cancels_on_the_worker_and_frees_the_model() -> None:
    bench = Bench(keep_alive_seconds=0)
    host = await bench.loaded(A, keep_alive_seconds=60)
    stream = await bench.streaming(host, keep_alive_seconds=0)
    stream.close()
    stream.close()
    await settle()
    assert host.cancelled == [1]
    assert bench.states == {}
    with pytest.raises(RequestCancelled):
        await anext(stream)
    assert bench.observer.seen.count(("failed", "model-a", "RequestCancelled")) == 1


async def test_a_stream_that_nobody_holds_is_cancelled() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    await bench.streaming(host)
    await settle()
    assert host.cancelled == [1]


async def test_a_stream_may_be_closed_from_another_thread() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    await asyncio.to_thread(stream.close)
    await settle()
    assert host.cancelled == [1]


async def test_a_stream_closed_after_its_loop_is_gone_does_nothing() -> None:
    def open_and_leave() -> object:
        async def run() -> object:
            bench = Bench()
            return await bench.streaming(await bench.loaded(A))

        return asyncio.run(run())

    stream = await asyncio.to_thread(open_and_leave)
    stream.close()  # type: ignore[attr-defined]


async def test_a_reader_that_is_too_slow_loses_its_generation() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    for _ in range(17):
        host.say(0, TextDelta("x" * (1 << 16)))
    assert host.cancelled == [1]
    assert len(text_of(await anext(stream))) == 17 << 16
    with pytest.raises(RequestCancelled, match="too slow"):
        await anext(stream)


# Crashes


async def test_a_crash_fails_started_streams_and_replays_what_had_not_started() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    queued = bench.ask(A)
    await settle()
    host.say(0, TextDelta("half"))
    host.crash()
    assert text_of(await anext(stream)) == "half"
    with pytest.raises(WorkerCrashed, match="SIGSEGV"):
        await anext(stream)
    await settle()
    assert len(bench.hosts) == 2
    bench.hosts[1].ready()
    await settle()
    bench.hosts[1].say(0, STARTED, FINISHED)
    assert await read(await queued) == [FINISHED]


async def test_a_request_is_replayed_once_only() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    queued = bench.ask(A)
    await settle()
    host.crash()
    await settle()
    bench.hosts[1].ready()
    await settle()
    bench.hosts[1].crash(-6)
    with pytest.raises(WorkerCrashed, match="SIGABRT"):
        await queued
    await settle()
    assert len(bench.hosts) == 2


async def test_a_crash_leaves_other_models_alone() -> None:
    bench = Bench(max_loaded_models=2)
    first, second = await bench.loaded(A), await bench.loaded(B)
    stream = await bench.streaming(second)
    first.crash(-9)
    second.say(0, TextDelta("fine"), FINISHED)
    assert text_of(await read(stream)) == "fine"
    assert bench.states == {"model-b": "ready"}


async def test_repeated_crashes_open_the_circuit_until_the_window_has_passed() -> None:
    bench = Bench(crash_limit=3, crash_window_seconds=60)
    for _ in range(3):
        (await bench.loaded(A)).crash()
        bench.clock.advance(10)
    with pytest.raises(CircuitOpen) as caught:
        await bench.ask(A)
    assert caught.value.retry_after_seconds == 50
    await bench.loaded(B)
    bench.clock.advance(50)
    await bench.loaded(A)


async def test_crashes_further_apart_do_not_open_the_circuit() -> None:
    bench = Bench(crash_limit=3, crash_window_seconds=60)
    for _ in range(4):
        (await bench.loaded(A)).crash()
        bench.clock.advance(40)
    await bench.loaded(A)


async def test_a_load_that_stalls_does_not_count_as_a_crash() -> None:
    bench = Bench(crash_limit=1)
    task = bench.ask(A)
    await settle()
    bench.hosts[0].refuse(LoadTimeout("stalled"))
    with pytest.raises(LoadTimeout):
        await task
    await bench.loaded(A)


# Memory


async def test_a_model_that_can_never_fit_is_refused_before_anything_is_evicted_or_started() -> None:
    bench = Bench(max_loaded_models=2)
    await bench.loaded(A)
    bench.available_bytes = 500 << 20
    with pytest.raises(ModelTooLarge, match="requires more system memory"):
        await bench.ask(spec("b", size_bytes=10 << 30))
    assert bench.states == {"model-a": "ready"}


async def test_a_model_that_is_short_of_memory_gets_fewer_cells() -> None:
    bench = Bench(available_bytes=0)
    big = spec("a", size_bytes=0)
    bench.available_bytes = 32 * 2**20 + 60 * 2**20 + 10 * (4096 + 1000)
    task = bench.ask(big)
    await settle()
    assert bench.hosts[0].options.num_cells == 5096
    task.cancel()


async def test_idle_models_make_room_in_memory() -> None:
    bench = Bench(max_loaded_models=3)
    big = spec("a", size_bytes=1 << 30)
    await bench.loaded(big)
    await bench.loaded(B)
    bench.available_bytes = (1 << 30) + (500 << 20)
    task = bench.ask(spec("c", size_bytes=600 << 20))
    await settle()
    assert bench.states == {"model-b": "ready", "model-c": "loading"}
    assert ("evicted", "model-a", "memory") in bench.observer.seen
    task.cancel()


async def test_out_of_memory_while_loading_evicts_the_idle_and_tries_once_more() -> None:
    bench = Bench(max_loaded_models=2)
    await bench.loaded(B)
    task = bench.ask(A)
    await settle()
    bench.hosts[1].refuse(ModelTooLarge(required_bytes=2, available_bytes=1))
    await settle()
    assert bench.states == {"model-a": "loading"}
    bench.hosts[2].crash(-9)
    with pytest.raises(ModelTooLarge, match="requires more system memory"):
        await task
    await settle()
    assert len(bench.hosts) == 3


# The end


async def test_shutdown_lets_streams_finish_and_refuses_new_requests() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    ending = asyncio.ensure_future(bench.pool.shutdown(drain_seconds=30))
    await settle()
    with pytest.raises(ShuttingDown):
        await bench.pool.generate(A, LoadOptions(), REQUEST)
    assert not ending.done()
    host.say(0, TextDelta("to the end"), FINISHED)
    assert await read(stream) == [TextDelta("to the end"), FINISHED]
    await ending
    assert host.gone
    assert bench.states == {}


async def test_shutdown_ends_what_does_not_finish_in_time() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    queued = bench.ask(A)
    await settle()
    host.say(0, TextDelta("cut", 1))
    await bench.pool.shutdown(drain_seconds=0.01)
    text, finished = await read(stream)
    assert text == TextDelta("cut")
    assert (finished.reason, finished.n_prompt, finished.n_generated) == ("shutdown", 3, 1)  # type: ignore[union-attr]
    with pytest.raises(ShuttingDown):
        await queued
    assert sorted(host.cancelled) == [1, 2]


async def test_shutdown_stops_a_load_and_tells_those_who_wait() -> None:
    bench = Bench()
    task = bench.ask(A)
    await settle()
    await bench.pool.shutdown(drain_seconds=1)
    with pytest.raises(ShuttingDown):
        await task
    assert bench.hosts[0].gone


async def test_a_second_shutdown_cuts_the_drain_short() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    first = asyncio.ensure_future(bench.pool.shutdown(drain_seconds=1000))
    await settle()
    await bench.pool.shutdown(drain_seconds=0)
    await first
    assert (await read(stream))[-1].reason == "shutdown"  # type: ignore[union-attr]


# Odds and ends


async def test_without_llama_cpp_nothing_is_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "llama_available", lambda: False)
    pool = Pool(PoolConfig(backend="llama"))
    with pytest.raises(BackendNotAvailable, match="pip install"):
        await pool.generate(A, LoadOptions(), REQUEST)
    assert pool.residents() == []


async def test_a_failed_generation_raises_its_error_with_its_attributes() -> None:
    bench = Bench()
    host = await bench.loaded(A)
    task = bench.ask(A)
    await settle()
    host.say(0, Failed("PromptTooLong", "too long", {"n_prompt": 9, "n_ctx": 4}))
    with pytest.raises(Exception, match="too long") as caught:
        await task
    assert caught.value.n_ctx == 4  # type: ignore[attr-defined]
    assert bench.observer.seen[-1] == ("refused", "model-a", "PromptTooLong")
    assert bench.pool.residents()[0].n_queued == 0


async def test_residents_count_what_runs_and_what_waits() -> None:
    bench = Bench(max_loaded_models=2, keep_alive_seconds=60)
    host = await bench.loaded(A)
    stream, queued = await bench.streaming(host), bench.ask(A)
    await bench.loaded(B, keep_alive_seconds=math.inf)
    await settle()
    forever, other = bench.pool.residents()
    assert (forever.name, forever.expires_at) == ("model-b", None)
    assert (other.n_active, other.n_queued, other.n_ctx, other.size_bytes) == (1, 1, 4096, 1000)
    stream.close()
    queued.cancel()


async def test_the_log_holds_names_and_numbers_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    bench = Bench()
    host = await bench.loaded(A)
    stream = await bench.streaming(host)
    host.say(0, TextDelta("CANARY"))
    host.crash()
    stream.close()
    assert "model-a" in caplog.text
    assert "CANARY" not in caplog.text
    assert REQUEST.prompt.text not in [record.getMessage() for record in caplog.records]  # type: ignore[union-attr]
