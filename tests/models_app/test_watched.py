"""Actions in threads, and those who watch them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from inference.errors import ShuttingDown
from models_app.errors import SourceNotFound, StoreBusy
from models_app.progress import OnProgress, Progress
from models_app.watched import Actions, Cancelled, Watcher

PATIENCE_SECONDS = 20.0


class Script:
    """An action that the test drives line by line; it ends when told to, or when it is cancelled."""

    def __init__(self) -> None:
        self.n_runs = 0
        self.cancelled = threading.Event()
        self._next = threading.Semaphore(0)
        self._lines: list[Progress | Exception | None] = []

    def __call__(self, on_progress: OnProgress, cancelled: Cancelled) -> None:
        self.n_runs += 1
        while not cancelled():
            if not self._next.acquire(timeout=0.01):
                continue
            match self._lines.pop(0):
                case None:
                    return
                case Exception() as error:
                    raise error
                case Progress() as line:
                    on_progress(line)
        self.cancelled.set()

    def then(self, *lines: Progress | Exception | None) -> None:
        for line in lines:
            self._lines.append(line)
            self._next.release()


def line(status: str, completed: int = 0) -> Progress:
    return Progress(status=status, digest=f"sha256:{status}", total=9, completed=completed)


async def all_of(watcher: Watcher) -> list[Progress]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [one async for lines in watcher for one in lines]


async def first_of(watcher: Watcher) -> list[Progress]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(watcher)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.005)


async def test_lines_come_in_order_and_then_the_end() -> None:
    script = Script()
    watcher = Actions().watch("a", script)
    script.then(line("one"), line("two"), None)
    assert await all_of(watcher) == [line("one"), line("two")]


async def test_who_comes_later_joins_and_is_told_where_it_stands() -> None:
    actions, script = Actions(), Script()
    first = actions.watch("a", script)
    script.then(line("one", 1), line("one", 9), line("two", 3))
    await until(lambda: len(first._action.lines) == 2)
    second = actions.watch("a", script)
    assert await first_of(second) == [line("one", 9), line("two", 3)]
    script.then(line("two", 9), None)
    assert await all_of(second) == [line("two", 9)]
    assert (await all_of(first))[-1] == line("two", 9)
    assert script.n_runs == 1


async def test_a_slow_reader_gets_the_newest_line_of_each_layer() -> None:
    script = Script()
    watcher = Actions().watch("a", script)
    script.then(*[line("one", n) for n in range(1000)], None)
    await until(lambda: watcher._action.done)
    assert await all_of(watcher) == [line("one", 999)]


async def test_the_last_who_leaves_cancels_it() -> None:
    actions, script = Actions(), Script()
    first, second = actions.watch("a", script), actions.watch("a", script)
    first.close()
    script.then(line("still"))
    assert await first_of(second) == [line("still")]
    assert not script.cancelled.is_set()
    second.close()
    second.close()
    await until(script.cancelled.is_set)


async def test_closing_works_from_another_thread() -> None:
    script = Script()
    watcher = Actions().watch("a", script)
    await asyncio.to_thread(watcher.close)
    await until(script.cancelled.is_set)


async def test_what_was_cancelled_is_begun_anew_for_the_next() -> None:
    actions, script = Actions(), Script()
    actions.watch("a", script).close()
    await until(script.cancelled.is_set)
    watcher = actions.watch("a", script)
    script.then(line("again"), None)
    assert await all_of(watcher) == [line("again")]
    assert script.n_runs == 2


async def test_a_failure_reaches_everyone_after_its_lines() -> None:
    actions, script = Actions(), Script()
    watchers = [actions.watch("a", script) for _ in range(2)]
    script.then(line("one"), SourceNotFound("x"))
    for watcher in watchers:
        assert await first_of(watcher) == [line("one")]
        with pytest.raises(SourceNotFound):
            await all_of(watcher)


async def test_a_failure_before_the_first_line_is_raised_by_ready() -> None:
    script = Script()
    watcher = Actions().watch("a", script)
    script.then(StoreBusy("busy"))
    with pytest.raises(StoreBusy):
        await watcher.ready()


async def test_a_fault_that_nobody_is_left_to_hear_of_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fails_late(on_progress: OnProgress, cancelled: Cancelled) -> None:
        while not cancelled():
            threading.Event().wait(0.01)
        raise OSError("/a/path")

    Actions().watch("a", fails_late).close()
    await until(lambda: bool(caplog.records))
    assert caplog.records[0].getMessage().endswith("failed: OSError")


async def test_too_many_are_refused_and_joining_is_not() -> None:
    actions, script = Actions(max_running=1), Script()
    watcher = actions.watch("a", script)
    actions.watch("a", script)
    with pytest.raises(StoreBusy, match="1 transfers are running"):
        actions.watch("b", script)
    script.then(None)
    await all_of(watcher)
    script.then(line("b"), None)
    assert await all_of(actions.watch("b", script)) == [line("b")]


async def test_a_server_that_stops_ends_them_and_says_so() -> None:
    actions, script = Actions(), Script()
    watcher = actions.watch("a", script)
    script.then(line("one"))
    assert await first_of(watcher) == [line("one")]
    actions.shut_down()
    with pytest.raises(ShuttingDown):
        await first_of(watcher)
    await until(script.cancelled.is_set)
