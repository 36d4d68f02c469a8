"""Chats answered by this process, where no server runs: the same pool a server has, on a loop in a thread of its own.

The main thread keeps the terminal, because that is where Ctrl-C arrives.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from inference.events import Event, Finished, TextDelta, ThinkingDelta
from inference.request import Message
from models_app.console.answer import ChatRequest, Piece, Timings

if TYPE_CHECKING:
    from models_app.serving import Generation

T = TypeVar("T")


class LocalChat:
    """Holds the loaded model until ``close``, so that the next answer of a chat finds its prefix in the KV cache."""

    def __init__(self) -> None:
        from power_site import runtime
        from power_site.conf import config

        if not config().debug:
            # What a server reports of its pool would stand in the middle of the chat.
            logging.getLogger().setLevel(logging.WARNING)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pool", daemon=True)
        self._thread.start()
        self._wait(runtime.start(config()))

    def answer(self, request: ChatRequest) -> LocalAnswer:
        """Returns when the prompt has a slot. Raises CatalogError, InferenceError."""
        begun_at = time.perf_counter()
        return LocalAnswer(self, self._wait(_start(request, begun_at)), begun_at)

    def close(self) -> None:
        from power_site import runtime

        try:
            self._wait(runtime.stop(drain_seconds=0))
        finally:
            runtime.forget()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def next_events(self, generation: Generation) -> list[Event] | None:
        """What came since the last call, None at the end."""
        return self._wait(_next(generation))

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Its result. Ctrl-C cancels it, and waits for it no longer."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


class LocalAnswer:
    def __init__(self, chat: LocalChat, generation: Generation, begun_at: float) -> None:
        self.timings: Timings | None = None
        self._chat = chat
        self._generation = generation
        self._begun_at = begun_at

    def __iter__(self) -> Iterator[Piece]:
        """Raises the InferenceError that ended the generation."""
        while (events := self._chat.next_events(self._generation)) is not None:
            for event in events:
                if isinstance(event, TextDelta | ThinkingDelta):
                    yield Piece(event.text, thinking=isinstance(event, ThinkingDelta))
                elif isinstance(event, Finished):
                    self.timings = self._timings(event)

    def close(self) -> None:
        self._generation.close()

    def _timings(self, finished: Finished) -> Timings:
        return Timings(
            total_seconds=time.perf_counter() - self._begun_at,
            load_seconds=self._generation.before_seconds,
            n_prompt=finished.n_prompt,
            prompt_seconds=finished.prompt_seconds,
            n_generated=finished.n_generated,
            decode_seconds=finished.decode_seconds,
        )


async def _start(request: ChatRequest, begun_at: float) -> Generation:
    from models_app import serving

    served = await serving.model_resolve(request.model)
    serving.require_completion(served, requested=request.model, act="chat")
    prompt = serving.chat_prompt(
        served, [Message(role=turn["role"], content=turn["content"]) for turn in request.messages]
    )
    options = serving.served_options(served, request.options)
    # Kept for the whole chat: whoever reads a long answer must not wait for the model again.
    ask = serving.Ask(prompt=prompt, options=options, keep_alive_seconds=math.inf)
    return await serving.generation_start(served, ask, begun_at=begun_at)


async def _next(generation: Generation) -> list[Event] | None:
    try:
        return await generation.__anext__()
    except StopAsyncIteration:
        return None
