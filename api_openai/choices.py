"""Several generations of one request, read as one source of ``(choice, events)``. Lives on the loop's thread."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TypeAlias

from inference.events import Event
from models_app.entries import ServedModel
from models_app.serving import Ask, Generation, generation_start

Items: TypeAlias = list[tuple[int, list[Event]]]


class Choices:
    """Pulls each generation only when its last events were taken: back-pressure reaches every one of them.

    ``first`` is the generation that started first; the others start beside it and may wait for a slot.
    """

    def __init__(self, *, silent_seconds: float = math.inf) -> None:
        self._silent_seconds = silent_seconds
        self._loop = asyncio.get_running_loop()
        self._generations: dict[int, Generation] = {}
        self._tasks: dict[asyncio.Task[Generation | list[Event] | None], int] = {}
        self._closed = False

    @property
    def first(self) -> Generation:
        return next(iter(self._generations.values()))

    def __aiter__(self) -> Choices:
        return self

    async def __anext__(self) -> Items:
        """Events of one or more choices. Raises the first error of any of them."""
        if len(self._generations) == 1 and not self._tasks:
            ((index, generation),) = self._generations.items()
            return [(index, await generation.__anext__())]
        items: Items = []
        while not items:
            if not self._tasks:
                raise StopAsyncIteration
            items = await self._next_items()
        return items

    def close(self) -> None:
        """Any thread, any number of times."""
        self._closed = True
        for generation in list(self._generations.values()):
            generation.close()
        if self._tasks and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel_tasks)

    def adopt(self, generations: Sequence[Generation]) -> None:
        """Read generations that run already."""
        self._generations = dict(enumerate(generations))
        if len(generations) > 1:
            for index, generation in self._generations.items():
                self._watch(index, asyncio.create_task(_next(generation)))

    async def open(self, served: ServedModel, asks: Sequence[Ask], *, begun_at: float) -> None:
        """Returns when one has started. Raises what any of them has failed with until then."""
        if len(asks) == 1:
            self.adopt([await self._start(served, asks[0], begun_at)])
            return
        for index, ask in enumerate(asks):
            self._watch(index, asyncio.create_task(self._start(served, ask, begun_at)))
        try:
            while not self._generations:
                await self._next_items()
        except BaseException:
            self.close()
            raise

    async def _start(self, served: ServedModel, ask: Ask, begun_at: float) -> Generation:
        generation = await generation_start(served, ask, begun_at=begun_at)
        generation.silent_seconds = self._silent_seconds
        return generation

    async def _next_items(self) -> Items:
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        items: Items = []
        for task in sorted(done, key=self._tasks.__getitem__):
            index = self._tasks.pop(task)
            result = task.result()
            if isinstance(result, Generation):
                self._generations[index] = result
            elif result is not None:
                items.append((index, result))
            if result is not None:
                self._watch(index, asyncio.create_task(_next(self._generations[index])))
        return items

    def _watch(self, index: int, task: asyncio.Task[Generation | list[Event] | None]) -> None:
        self._tasks[task] = index
        task.add_done_callback(self._tidy)

    def _tidy(self, task: asyncio.Task[Generation | list[Event] | None]) -> None:
        """A generation that started after everybody left is closed; an error nobody waits for is not logged."""
        if not task.cancelled() and task.exception() is None and self._closed:
            result = task.result()
            if isinstance(result, Generation):
                result.close()

    def _cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()


async def open_choices(
    served: ServedModel, asks: Sequence[Ask], *, begun_at: float, silent_seconds: float = math.inf
) -> Choices:
    """``silent_seconds``: after so much time without a whole event there is an empty one."""
    choices = Choices(silent_seconds=silent_seconds)
    await choices.open(served, asks, begun_at=begun_at)
    return choices


async def _next(generation: Generation) -> list[Event] | None:
    """None at the end: StopAsyncIteration can't leave a task."""
    try:
        return await generation.__anext__()
    except StopAsyncIteration:
        return None
