"""Responses in the background: a task of the server's own each, which no client's leaving ends.

Everything here belongs to the event loop's thread. The row in the database says how far a response is; this process
renews its lease, so that another knows when nobody works on it any more. The server's end lets them finish as long as
it waits for streams (``drain_seconds``); then the pool ends them, and they have failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from api_openai.responses import store
from api_openai.responses.encoding import encoded
from api_openai.responses.envelope import Envelope
from api_openai.responses.narration import generation_of
from api_openai.responses.output import Event
from api_openai.responses.turn import Turn
from inference.errors import ServerBusy, ShuttingDown
from models_app.serving import Generation
from power_site.conf import config
from power_site.http import run_db
from power_site.streams import SSE_COMMENT

logger = logging.getLogger("power.responses")

MAX_RUNNING = 1000
# How long, and of how many, the events are kept for readers that come back.
KEPT_SECONDS, MAX_KEPT = 300.0, 32
_RENEW_SECONDS = store.LEASE_SECONDS / 3


class BackgroundResponse:
    """``log`` has the encoded event of each sequence number, of a response that was asked for as a stream."""

    def __init__(self, turn: Turn, *, begun_at: float) -> None:
        self.log: list[bytes] = []
        self.ended = False
        self.is_streamed = turn.body.stream
        self._turn = turn
        self._begun_at = begun_at
        self._transcript = turn.transcript()
        self._obfuscate = bool(turn.body.stream_options.include_obfuscation)
        self._changed = asyncio.Event()
        self._cancelled = False
        self._task: asyncio.Task[None] | None = None
        self._tell(self._transcript.queue())

    @property
    def response(self) -> Envelope:
        return self._transcript.response

    async def current(self) -> Envelope:
        """As far as it has come; an end is one when it is stored, so that it can be continued at once."""
        if self._transcript.ended and self._task is not None:
            await asyncio.wait({self._task})
        return self.response

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run())
        return self._task

    async def cancel(self) -> None:
        """Returns when it has ended, one way or another."""
        assert self._task is not None, "cancelled after its start"
        if not self._transcript.ended:
            self._cancelled = True
            self._task.cancel()
        await asyncio.wait({self._task})

    async def changed(self) -> None:
        """Until there is more in the log, or the end."""
        await self._changed.wait()

    async def _run(self) -> None:
        generation: Generation | None = None
        try:
            generation = await generation_of(self._turn, begun_at=self._begun_at)
            self._tell(self._transcript.begin())
            await run_db(store.response_update, response=self.response)
            last = await self._read(generation)
        except asyncio.CancelledError:
            last = self._transcript.cancel() if self._cancelled else self._transcript.fail(ShuttingDown())
        except Exception as error:  # noqa: BLE001 - the wire's table says what of it a client may see
            last = self._transcript.fail(error)
        finally:
            if generation is not None:
                generation.close()
        last = await self._saved(last)
        self.ended = True
        self._tell(last)

    async def _read(self, generation: Generation) -> list[Event]:
        """The events of the end, which are told when it is stored."""
        async for events in generation:
            told = self._transcript.tell(events)
            if self._transcript.ended:
                return told
            self._tell(told)
        raise AssertionError("a stream ends with Finished or raises")

    async def _saved(self, last: list[Event]) -> list[Event]:
        """What is told of the end. An answer that could not be stored has failed, as its lease will say."""
        try:
            await run_db(store.response_update, response=self.response)
        except Exception as error:  # noqa: BLE001 - the wire's table says what of it a client may see
            logger.warning("a background response could not be stored: %s", type(error).__name__)
            if self.response["status"] in store.USABLE:
                return [*last[:-1], *self._transcript.fail(error)]
        return last

    def _tell(self, events: Sequence[Event]) -> None:
        if self.is_streamed:
            self.log.extend(encoded(event, obfuscate=self._obfuscate) for event in events)
        self._changed.set()
        self._changed = asyncio.Event()


class Follower:
    """A reader of a background response's log: a source of bytes, with a comment where it waits for long."""

    def __init__(self, response: BackgroundResponse, *, after: int) -> None:
        self._response = response
        self._next = after + 1

    async def __anext__(self) -> bytes:
        response = self._response
        if self._next >= len(response.log):
            if response.ended:
                raise StopAsyncIteration
            try:
                async with asyncio.timeout(config().heartbeat_interval):
                    await response.changed()
            except TimeoutError:
                return SSE_COMMENT
        events = response.log[self._next :]
        self._next += len(events)
        return b"".join(events)

    def close(self) -> None:
        """The response goes on."""


class BackgroundResponses:
    """Those of this process: the ones that run, and the logs of the last few that have ended."""

    def __init__(self) -> None:
        self._responses: dict[str, BackgroundResponse] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def start(self, turn: Turn, *, begun_at: float) -> BackgroundResponse:
        """Stored and under way. Raises ServerBusy."""
        if len(self._tasks) >= MAX_RUNNING:
            raise ServerBusy
        response = BackgroundResponse(turn, begun_at=begun_at)
        await run_db(store.response_create, response=response.response, input_items=turn.input_items)
        response_id = turn.envelope["id"]
        self._responses[response_id] = response
        task = response.start()
        self._tasks[task] = response_id
        task.add_done_callback(self._ended)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())
        return response

    def get(self, response_id: str) -> BackgroundResponse | None:
        return self._responses.get(response_id)

    async def cancel(self, response_id: str, *, forget: bool = False) -> None:
        response = self._responses.get(response_id)
        if response is not None:
            await response.cancel()
        if forget:
            self._responses.pop(response_id, None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        response_id = self._tasks.pop(task)
        response = self._responses.get(response_id)
        if response is None or not response.is_streamed:
            self._responses.pop(response_id, None)
            return
        kept = [known for known, each in self._responses.items() if each.ended]
        for known in kept[:-MAX_KEPT]:
            del self._responses[known]
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._responses.pop, response_id, None)

    async def _renew(self) -> None:
        """While any runs. Those that another process has cancelled or deleted are ended here."""
        while self._tasks:
            await asyncio.sleep(_RENEW_SECONDS)
            running = list(self._tasks.values())
            try:
                wanted = await run_db(store.leases_renew, running)
            except Exception as error:  # noqa: BLE001 - the next try may come in time
                logger.warning("leases could not be renewed: %s", type(error).__name__)
                continue
            for response_id in set(running) - wanted:
                await self.cancel(response_id)


background_responses = BackgroundResponses()
