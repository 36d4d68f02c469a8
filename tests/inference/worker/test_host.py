"""One contract for both hosts: what the pool may rely on, whether the worker is a process or a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from inference import GenerateRequest, LoadOptions, PoolConfig, TextPrompt
from inference.config import EngineHost
from inference.errors import InvalidRequest, LoadTimeout, ModelLoadError, WorkerCrashed
from inference.events import Failed, Finished, TextDelta
from inference.worker.exits import Exit
from inference.worker.host import WorkerHost
from tests.inference.worker.support import ENDLESS, Hosted, fake_spec, read_all, until

Open = Callable[..., Awaitable[Hosted]]


@pytest.fixture(params=["process", "inline"])
def engine_host(request: pytest.FixtureRequest) -> EngineHost:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
async def hosted(engine_host: EngineHost) -> AsyncIterator[Open]:
    """Opens hosts, and stops them all in the end."""
    opened: list[Hosted] = []

    async def open_host(path: str = "fake:length=5", *, start: bool = True, **config: object) -> Hosted:
        opened.append(
            Hosted(fake_spec(path), PoolConfig(engine_host=engine_host, backend="fake", **config))  # type: ignore[arg-type]
        )
        if start:
            await opened[-1].host.start()
        return opened[-1]

    yield open_host
    for each in opened:
        await each.host.stop()


async def test_it_loads_and_says_what_it_loaded(hosted: Open, engine_host: EngineHost) -> None:
    each = await hosted(start=False)
    info = await each.host.start()
    assert (info.n_ctx, info.n_cells) == (1 << 20, 4 << 20)
    assert info.size_bytes > 1000
    assert (each.host.pid is None) == (engine_host == "inline")


async def test_a_generation_runs_from_started_to_finished(hosted: Open) -> None:
    each = await hosted()
    _, mailbox = each.submit()
    assert (await mailbox.wait_started()).n_ctx == 1 << 20
    events = await read_all(mailbox)
    assert isinstance(events[0], TextDelta)
    assert isinstance(events[-1], Finished)
    assert events[-1].n_generated == 5


async def test_several_generations_at_once_keep_apart(hosted: Open) -> None:
    each = await hosted("fake:length=20&delay=0.001")
    requests = [GenerateRequest(prompt=TextPrompt(text=letter * 30)) for letter in "abc"]
    mailboxes = [each.submit(request)[1] for request in requests]
    for letter, mailbox in zip("abc", mailboxes, strict=True):
        text = "".join(event.text for event in await read_all(mailbox) if isinstance(event, TextDelta))
        assert set(text) <= {letter}


async def test_a_cancelled_generation_ends_and_the_worker_goes_on(hosted: Open) -> None:
    each = await hosted(ENDLESS)
    request_id, mailbox = each.submit()
    await mailbox.get()
    each.host.cancel(request_id)
    each.host.cancel(request_id)
    mailbox.close()
    _, other = each.submit()
    assert await other.get()


async def test_a_load_that_fails_raises_the_workers_error_and_ends_the_worker(hosted: Open) -> None:
    each = await hosted("fake:load_error=no such tensor", start=False)
    with pytest.raises(ModelLoadError, match=r"^no such tensor$"):
        await each.host.start()
    await until(lambda: bool(each.exits))
    assert each.exits[0].label == "stopped"


async def test_a_load_without_progress_times_out(hosted: Open) -> None:
    each = await hosted("fake:load_delay=8", start=False, load_timeout_seconds=0.2)
    with pytest.raises(LoadTimeout):
        await each.host.start()
    await until(lambda: bool(each.exits))
    assert each.exits[0].label == "load_timeout"


@pytest.mark.slow
async def test_a_slow_load_that_makes_progress_does_not(hosted: Open) -> None:
    each = await hosted("fake:load_delay=10", start=False, load_timeout_seconds=6)
    assert (await each.host.start()).n_ctx


async def test_a_cancelled_start_ends_the_worker(hosted: Open) -> None:
    each = await hosted("fake:load_delay=2", start=False)
    task = asyncio.ensure_future(each.host.start())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: bool(each.exits))
    assert not each.exits[0].crashed


async def test_stop_ends_it_and_says_so_once(hosted: Open) -> None:
    each = await hosted()
    await each.host.stop()
    await each.host.stop()
    assert [ending.label for ending in each.exits] == ["stopped"]


async def test_stop_does_not_wait_for_a_running_generation(hosted: Open) -> None:
    each = await hosted(ENDLESS)
    _, mailbox = each.submit()
    await mailbox.wait_started()
    await asyncio.wait_for(each.host.stop(), 10)
    with pytest.raises(WorkerCrashed):
        await read_all(mailbox)


async def test_a_request_submitted_after_the_end_fails(hosted: Open) -> None:
    each = await hosted()
    await each.host.stop()
    _, mailbox = each.submit()
    with pytest.raises(WorkerCrashed):
        await mailbox.wait_started()


async def test_a_request_that_can_not_be_encoded_fails_alone(hosted: Open) -> None:
    each = await hosted()
    for text in ("\ud800", 1 << 70):
        with pytest.raises(InvalidRequest):
            each.submit(GenerateRequest(prompt=TextPrompt(text=text)))  # type: ignore[arg-type]
    _, mailbox = each.submit()
    assert await read_all(mailbox)


async def test_a_request_the_worker_can_not_read_fails_alone(hosted: Open) -> None:
    each = await hosted()
    _, mailbox = each.submit(GenerateRequest(prompt=TextPrompt(text="x"), num_predict="many"))  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        await mailbox.wait_started()
    _, mailbox = each.submit()
    assert await read_all(mailbox)


@pytest.mark.slow
async def test_a_worker_without_steps_is_hung_and_fails_its_requests(hosted: Open) -> None:
    each = await hosted("fake:delay=30", hang_timeout_seconds=0.6, heartbeat_seconds=0.1)
    _, mailbox = each.submit()
    with pytest.raises(WorkerCrashed, match="no progress"):
        await read_all(mailbox)
    assert each.exits[0].label == "hang"


@pytest.mark.slow
async def test_an_idle_worker_is_not_hung(hosted: Open) -> None:
    each = await hosted(hang_timeout_seconds=0.6, heartbeat_seconds=0.1)
    await asyncio.sleep(1.5)
    assert each.exits == []
    _, mailbox = each.submit()
    assert await read_all(mailbox)


@pytest.mark.slow
async def test_a_slow_worker_is_not_hung(hosted: Open) -> None:
    each = await hosted("fake:delay=0.2&length=8", hang_timeout_seconds=1.0, heartbeat_seconds=0.1)
    _, mailbox = each.submit()
    assert isinstance((await read_all(mailbox))[-1], Finished)


async def test_an_unreadable_frame_from_the_worker_ends_it_and_not_the_server(hosted: Open) -> None:
    each = await hosted(ENDLESS)
    _, mailbox = each.submit()
    await mailbox.wait_started()
    each.host.data_received(b"\xff\xff\xff\xff garbage")
    with pytest.raises(WorkerCrashed, match="unreadable"):
        await read_all(mailbox)
    assert each.exits[0].crashed


async def test_events_of_unknown_requests_are_dropped(hosted: Open) -> None:
    from inference.worker.protocol import Frame, encode

    each = await hosted()
    each.host.data_received(encode(Frame([(99, TextDelta("late")), (98, Failed("ModelFailed", "x"))])))
    _, mailbox = each.submit()
    assert await read_all(mailbox)


async def test_a_worker_that_can_not_be_launched_is_a_failed_load_and_no_crash() -> None:
    def no_process() -> None:
        raise OSError("fork: /secret/path")

    exits: list[Exit] = []
    host = WorkerHost(fake_spec(), LoadOptions(), PoolConfig(), on_exit=exits.append, launch=no_process)  # type: ignore[arg-type]
    with pytest.raises(ModelLoadError, match=r"could not be started$"):
        await host.start()
    await host.stop()
    assert [ending.label for ending in exits] == ["not started"]
    assert not exits[0].crashed
