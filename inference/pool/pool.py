"""The pool: which models are loaded, and every request's way to one of them.

    generate ─ admit ─ wait ┬─ served ─ submitted ─ Started ─▶ Stream ─ end
                            │
         every change ─ dispatch ─ plan (policy) ─ serve | load | evict | refuse

Everything runs on the event loop's thread and nothing here blocks, so there are no locks. A change (a request comes or
goes, a load ends, a worker exits, a timer fires) has the dispatcher ask the policy for a plan and carry it out; slow
things (a load, a worker's stop) are tasks that come back as one more change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias, TypeVar

from inference.config import LoadOptions, PoolConfig
from inference.engine.opening import llama_available
from inference.errors import (
    BackendNotAvailable,
    InferenceError,
    ShuttingDown,
    WorkerCrashed,
)
from inference.events import Event, Failed, Finished, Started, Tokenized
from inference.mailbox import Mailbox
from inference.pool import memory
from inference.pool.clock import Clock, LoopClock
from inference.pool.dispatch import Dispatcher
from inference.pool.embeddings import Embeddings, collect
from inference.pool.lifecycle import Lifecycle, OpenHost
from inference.pool.model import Model
from inference.pool.observer import PoolObserver
from inference.pool.resident import Resident
from inference.pool.stream import Stream
from inference.pool.tokens import tokenized
from inference.pool.waiting import Ticket, WaitingRoom
from inference.request import EmbedRequest, GenerateRequest, TokenizeRequest
from inference.spec import ModelSpec
from inference.worker.host import WorkerHost
from inference.worker.protocol import LoadedInfo

logger = logging.getLogger(__name__)

T = TypeVar("T")
Read: TypeAlias = Callable[[Mailbox], Awaitable[T]]
Request: TypeAlias = EmbedRequest | TokenizeRequest


class Pool:
    """All methods on one event loop's thread. Errors are those of ``inference.errors``."""

    def __init__(
        self,
        config: PoolConfig,
        *,
        observer: PoolObserver | None = None,
        open_host: OpenHost = WorkerHost,
        clock: Clock | None = None,
        memory_available: Callable[[], float] = memory.memory_available,
    ) -> None:
        self._config = config
        self._observer = observer or PoolObserver()
        self._clock = clock or LoopClock()
        self._waiting = WaitingRoom()
        self._lifecycle = Lifecycle(
            config,
            observer=self._observer,
            open_host=open_host,
            clock=self._clock,
            memory_available=memory_available,
            on_change=self._pump,
            on_load_failed=self._load_failed,
        )
        self._models = self._lifecycle.models
        self._dispatcher = Dispatcher(config, waiting=self._waiting, lifecycle=self._lifecycle, observer=self._observer)
        self._tickets: set[Ticket] = set()
        self._drained = asyncio.Event()
        self._closing = False
        self._backend_found = config.backend != "llama"

    # What callers use.

    async def generate(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        request: GenerateRequest,
        *,
        keep_alive_seconds: float | None = None,
    ) -> Stream:
        """Loads the model if it must and returns once the generation has Started; what fails before is raised here.

        Cancelling this call takes the request out of the queue, or off the worker. ``keep_alive_seconds`` None leaves
        the model's as it is; below 0 is for ever; 0 unloads the model when it is idle.
        """
        ticket = self._admit(spec, options, keep_alive_seconds)
        try:
            started = await self._replayed(ticket, partial(self._submitted, ticket, request))
            assert ticket.mailbox is not None
        except BaseException as error:
            self._cancel(ticket)
            if isinstance(error, InferenceError):
                self._observer.request_refused(spec.name, type(error).__name__)
            raise
        return Stream(
            ticket.mailbox, started=started, load_seconds=ticket.load_seconds, cancel=partial(self._cancel, ticket)
        )

    async def embed(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        request: EmbedRequest,
        *,
        keep_alive_seconds: float | None = None,
    ) -> Embeddings:
        """Loads the model if it must and returns all vectors together. Cancelling this call drops the request."""
        ticket = self._admit(spec, options, keep_alive_seconds)
        vectors, started = await self._read(ticket, request, partial(collect, n_inputs=len(request.inputs)))
        return Embeddings(vectors=vectors, started=started, load_seconds=ticket.load_seconds)

    async def tokenize(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        request: TokenizeRequest,
        *,
        keep_alive_seconds: float | None = None,
    ) -> Tokenized:
        """Loads the model if it must; nothing is decoded. Cancelling this call drops the request."""
        return await self._read(self._admit(spec, options, keep_alive_seconds), request, tokenized)

    async def describe(
        self, spec: ModelSpec, options: LoadOptions, *, keep_alive_seconds: float | None = None
    ) -> LoadedInfo:
        """What the model turned out to be when it was loaded; loads it if it must."""
        ticket = self._admit(spec, options, keep_alive_seconds)
        try:
            await self._served(ticket)
            assert ticket.model is not None
            assert ticket.model.info is not None, "it is loaded"
            return ticket.model.info
        finally:
            self._release(ticket)

    async def load(self, spec: ModelSpec, options: LoadOptions, *, keep_alive_seconds: float | None = None) -> float:
        """Makes the model resident; the seconds that took, 0.0 when it was. Its keep_alive starts anew."""
        ticket = self._admit(spec, options, keep_alive_seconds)
        try:
            await self._served(ticket)
        finally:
            self._release(ticket)
        return ticket.load_seconds

    def unload(self, digest: str) -> bool:
        """Takes no more requests for the loaded model and ends its worker when those it has are finished.

        A model that is still loading goes when it is ready and idle. False when it is not resident.
        """
        model = self._models.get(digest)
        if model is None:
            return False
        if model.state == "loading":
            model.keep_alive_seconds = 0.0
        elif model.state == "ready":
            self._lifecycle.evict(model, "unloaded")
        return True

    def residents(self) -> list[Resident]:
        """A snapshot, newest expiry first, those that never expire before all."""
        now = self._clock.time()
        snapshots = [
            model.snapshot(now=now, n_waiting=self._waiting.n_waiting(digest)) for digest, model in self._models.items()
        ]
        latest = datetime.max.replace(tzinfo=UTC)
        return sorted(snapshots, key=lambda each: each.expires_at or latest, reverse=True)

    async def shutdown(self, *, drain_seconds: float) -> None:
        """Refuses new requests, gives the running ones ``drain_seconds``, ends what is left, and every worker.

        A second call while the first one drains may only shorten it. No worker is left when it returns.
        """
        self._closing = True
        for group in self._waiting.groups:
            self._waiting.discard(group)
            group.fail(ShuttingDown())
        await self._drain(drain_seconds)
        self._end_all()
        await self._lifecycle.stop_all()

    # A request's way.

    def _admit(self, spec: ModelSpec, options: LoadOptions, keep_alive_seconds: float | None) -> Ticket:
        try:
            if self._closing:
                raise ShuttingDown
            self._require_backend()
            self._waiting.admit(spec.digest, limit=max(1, options.num_parallel) + self._config.max_queue)
        except InferenceError as error:
            self._observer.request_refused(spec.name, type(error).__name__)
            raise
        ticket = Ticket(
            spec=spec,
            options=options,
            keep_alive_seconds=keep_alive_seconds,
            granted=asyncio.get_running_loop().create_future(),
            admitted_at=self._clock.time(),
        )
        self._tickets.add(ticket)
        self._drained.clear()
        return ticket

    def _require_backend(self) -> None:
        # Looked up again each time until it is there: someone may install it while the server runs.
        self._backend_found = self._backend_found or llama_available()
        if not self._backend_found:
            raise BackendNotAvailable

    async def _replayed(self, ticket: Ticket, attempt: Callable[[], Awaitable[T]]) -> T:
        await self._served(ticket)
        try:
            return await attempt()
        except WorkerCrashed:
            # Nothing of it has reached the caller: once more, on a fresh worker. Once, for it may be what crashes them.
            logger.info("%s: replaying a request that had not started", ticket.spec.name)
            self._leave(ticket)
        await self._served(ticket)
        return await attempt()

    async def _served(self, ticket: Ticket) -> None:
        """Waits until the ticket's model is loaded and may serve it."""
        if self._closing:
            raise ShuttingDown
        ticket.granted = asyncio.get_running_loop().create_future()
        self._waiting.add(ticket)
        self._pump()
        if not ticket.granted.done():
            await ticket.granted
            ticket.load_seconds = self._clock.time() - ticket.admitted_at
        ticket.granted.result()

    async def _submitted(self, ticket: Ticket, request: GenerateRequest) -> Started:
        assert ticket.model is not None
        assert ticket.model.host is not None
        mailbox = Mailbox(on_end=partial(self._ended, ticket), on_overflow=partial(self._withdraw, ticket))
        ticket.mailbox = mailbox
        ticket.request_id = ticket.model.host.submit(request, mailbox)
        started = await mailbox.wait_started()
        self._observer.generation_started(ticket.spec.name, started)
        return started

    async def _read(self, ticket: Ticket, request: Request, read: Read[T]) -> T:
        """A request whose answer is read here and not streamed."""
        try:
            return await self._replayed(ticket, partial(self._read_once, ticket, request, read))
        except InferenceError as error:
            self._observer.request_refused(ticket.spec.name, type(error).__name__)
            raise
        finally:
            self._cancel(ticket)

    async def _read_once(self, ticket: Ticket, request: Request, read: Read[T]) -> T:
        assert ticket.model is not None
        assert ticket.model.host is not None
        mailbox = Mailbox(on_end=lambda event: None, on_overflow=lambda: None)
        ticket.mailbox = mailbox
        ticket.request_id = ticket.model.host.submit(request, mailbox)
        return await read(mailbox)

    def _ended(self, ticket: Ticket, event: Event | None) -> None:
        """The mailbox has its last event, or was closed. What ends before Started is ``generate``'s to raise or
        replay."""
        if not ticket.started:
            return
        if isinstance(event, Finished):
            self._observer.generation_finished(ticket.spec.name, event)
        else:
            error = event.error if isinstance(event, Failed) else "RequestCancelled"
            self._observer.generation_failed(ticket.spec.name, error)
        self._release(ticket)

    def _cancel(self, ticket: Ticket) -> None:
        """The caller has left. Idempotent."""
        self._withdraw(ticket)
        if ticket.mailbox is not None:
            ticket.mailbox.close()
        self._release(ticket)

    def _withdraw(self, ticket: Ticket) -> None:
        """The worker need not go on with it."""
        if ticket.request_id and ticket.model is not None and ticket.model.host is not None:
            ticket.model.host.cancel(ticket.request_id)
            ticket.request_id = 0

    def _release(self, ticket: Ticket) -> None:
        if ticket.released:
            return
        ticket.released = True
        self._waiting.remove(ticket)
        self._waiting.dismiss(ticket.spec.digest)
        self._tickets.discard(ticket)
        self._leave(ticket)
        if not self._tickets:
            self._drained.set()
        self._pump()

    def _leave(self, ticket: Ticket) -> None:
        model = ticket.model
        if model is None:
            return
        model.users.discard(ticket)
        model.last_used = self._clock.time()
        ticket.request_id = 0
        self._lifecycle.stop_if_unused(model)

    def _pump(self) -> None:
        """After every change."""
        if not self._closing:
            self._dispatcher.dispatch()

    def _load_failed(self, model: Model, error: InferenceError) -> None:
        self._waiting.fail(model.spec.digest, error, options=model.options)
        self._pump()

    # The end.

    async def _drain(self, drain_seconds: float) -> None:
        if not self._tickets:
            return
        try:
            await asyncio.wait_for(self._drained.wait(), drain_seconds)
        except TimeoutError:
            logger.warning("%d requests did not finish in %.1f s", len(self._tickets), drain_seconds)

    def _end_all(self) -> None:
        for ticket in list(self._tickets):
            self._withdraw(ticket)
            if ticket.mailbox is None:
                continue
            if ticket.started:
                ticket.mailbox.put(_cut_short(ticket.mailbox))
            else:
                ticket.mailbox.fail(ShuttingDown())


def _cut_short(mailbox: Mailbox) -> Finished:
    assert mailbox.started is not None
    return Finished(
        reason="shutdown",
        n_prompt=mailbox.started.n_prompt,
        n_cached=mailbox.started.n_cached,
        n_generated=mailbox.n_generated,
        prompt_seconds=0.0,
        decode_seconds=0.0,
    )
