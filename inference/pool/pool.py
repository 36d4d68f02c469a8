"""The pool: which models are loaded, and every request's way to one of them.

    generate ─ admit ─ wait ┬─ served ─ submitted ─ Started ─▶ Stream ─ end
                            │
         every change ─ plan (policy.py) ─ serve | load | evict | refuse

Everything runs on the event loop's thread and nothing here blocks, so there are no locks. A change (a request comes or
goes, a load ends, a worker exits, a timer fires) asks the policy for a plan and carries it out; slow things (a load, a
worker's stop) are tasks that come back as one more change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from inference.config import LoadOptions, PoolConfig
from inference.engine.backend import llama_available
from inference.errors import (
    BackendNotAvailable,
    CircuitOpen,
    InferenceError,
    ModelLoadError,
    ModelTooLarge,
    ShuttingDown,
    WorkerCrashed,
)
from inference.events import Event, Failed, Finished, Started
from inference.mailbox import Mailbox
from inference.pool import memory, policy
from inference.pool.circuit import CircuitBreaker
from inference.pool.clock import Clock, LoopClock
from inference.pool.model import Model
from inference.pool.observer import PoolObserver
from inference.pool.policy import Demand, EvictReason
from inference.pool.resident import Resident
from inference.pool.stream import Stream
from inference.pool.waiting import Group, Ticket, WaitingRoom
from inference.request import GenerateRequest
from inference.spec import ModelSpec
from inference.worker.exits import Exit
from inference.worker.host import Host, OnExit, WorkerHost
from inference.worker.protocol import LoadedInfo

logger = logging.getLogger(__name__)


class OpenHost(Protocol):
    def __call__(self, spec: ModelSpec, options: LoadOptions, config: PoolConfig, *, on_exit: OnExit) -> Host: ...


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
        self._open_host = open_host
        self._clock = clock or LoopClock()
        self._memory_available = memory_available
        self._models: dict[str, Model] = {}
        self._waiting = WaitingRoom()
        self._circuits: dict[str, CircuitBreaker] = {}
        self._retrying: set[str] = set()
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
            started = await self._started(ticket, request)
            assert ticket.mailbox is not None
        except BaseException as error:
            self._cancel(ticket)
            if isinstance(error, InferenceError):
                self._observer.request_refused(spec.name, type(error).__name__)
            raise
        return Stream(
            ticket.mailbox, started=started, load_seconds=ticket.load_seconds, cancel=partial(self._cancel, ticket)
        )

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
            self._evict(model, "unloaded")
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
        for model in list(self._models.values()):
            if model.state != "stopping":
                self._observer.model_evicted(model.spec.name, "shutdown")
            model.state = "stopping"
            model.disarm()
        await asyncio.gather(*(model.host.stop() for model in list(self._models.values()) if model.host))

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

    async def _started(self, ticket: Ticket, request: GenerateRequest) -> Started:
        await self._served(ticket)
        try:
            return await self._submitted(ticket, request)
        except WorkerCrashed:
            # Nothing of it has reached the caller: once more, on a fresh worker. Once, for it may be what crashes them.
            logger.info("%s: replaying a request that had not started", ticket.spec.name)
            self._leave(ticket)
        await self._served(ticket)
        return await self._submitted(ticket, request)

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
        if model.state == "stopping" and not model.users:
            self._stop(model)

    # Plans and what comes of them.

    def _pump(self) -> None:
        """Asks for a plan and carries it out. Called after every change; does nothing when nothing changed."""
        if self._closing:
            return
        self._refuse_broken()
        groups = self._waiting.groups
        if groups:
            self._carry_out(groups)
        for model in list(self._models.values()):
            if model.idle and model.timer is None:
                self._rest(model)

    def _carry_out(self, groups: list[Group]) -> None:
        available = self._available_bytes(groups)
        plan = policy.plan(
            [self._demand(group) for group in groups],
            [model.view() for model in self._models.values()],
            max_loaded=max(1, self._config.max_loaded_models),
            available_bytes=available,
        )
        for index in plan.serve:
            self._serve(groups[index])
        for index in plan.refuse:
            self._refuse_too_large(groups[index], available)
        for digest, reason in plan.evict:
            self._evict(self._models[digest], reason)
        for index in plan.start:
            self._start(groups[index], available)

    def _refuse_broken(self) -> None:
        now = self._clock.time()
        for group in self._waiting.groups:
            circuit = self._circuits.get(group.spec.digest)
            if circuit is None or group.spec.digest in self._models:
                continue
            if (seconds := circuit.retry_after_seconds(now)) is not None:
                self._waiting.discard(group)
                group.fail(CircuitOpen(retry_after_seconds=seconds))

    def _demand(self, group: Group) -> Demand:
        digest = group.spec.digest
        unknown = digest in self._models or memory.may_offload(group.options)
        required = 0 if unknown else memory.least_bytes(group.spec, group.options)
        return Demand(spec=group.spec, options=group.options, required_bytes=required, alone=digest in self._retrying)

    def _available_bytes(self, groups: list[Group]) -> float:
        """What a load may take: mapped weights look available to the kernel, and so does what a load has yet to
        take."""
        if all(group.spec.digest in self._models for group in groups):
            return float("inf")
        spoken_for = sum(model.spec.size_bytes if model.info else model.size_bytes for model in self._models.values())
        return self._memory_available() - spoken_for

    def _serve(self, group: Group) -> None:
        model = self._models[group.spec.digest]
        model.disarm()
        self._waiting.discard(group)
        for ticket in group.tickets:
            if not ticket.granted.done():
                ticket.model = model
                model.users.add(ticket)
                model.keep_alive_seconds = _latest(ticket.keep_alive_seconds, model.keep_alive_seconds)
                ticket.granted.set_result(None)

    def _refuse_too_large(self, group: Group, available: float) -> None:
        required = memory.least_bytes(group.spec, group.options)
        self._waiting.discard(group)
        self._observer.load_failed(group.spec.name, ModelTooLarge.__name__)
        group.fail(ModelTooLarge(required_bytes=required, available_bytes=max(0, int(available))))

    def _rest(self, model: Model) -> None:
        """The model is idle: its keep_alive starts now."""
        if model.for_ever:
            return
        if model.keep_alive_seconds == 0:
            self._evict(model, "expired")
            return
        model.expires_at = self._clock.time() + model.keep_alive_seconds
        model.timer = self._clock.call_later(model.keep_alive_seconds, partial(self._expired, model))

    def _expired(self, model: Model) -> None:
        if model.idle:
            self._evict(model, "expired")

    # A model's life.

    def _start(self, group: Group, available: float) -> None:
        options = group.options
        if not memory.may_offload(options):
            options = memory.options_fitting(group.spec, options, available_bytes=available)
        model = Model(
            spec=group.spec,
            options=group.options,
            keep_alive_seconds=self._config.keep_alive_seconds,
            size_bytes=memory.required_bytes(group.spec, options),
            last_used=self._clock.time(),
        )
        model.host = self._open_host(group.spec, options, self._config, on_exit=partial(self._exited, model))
        self._models[group.spec.digest] = model
        self._observer.model_loading(group.spec.name)
        model.task = asyncio.get_running_loop().create_task(self._load(model, model.host))

    async def _load(self, model: Model, host: Host) -> None:
        began = self._clock.time()
        try:
            info = await host.start()
        except InferenceError as error:
            self._load_failed(model, error)
        except Exception as error:  # noqa: BLE001 - those who wait must hear of it, whatever it was
            logger.error("%s: the worker could not be started: %s", model.spec.name, type(error).__name__)
            self._load_failed(model, ModelLoadError("the model's worker could not be started"))
        else:
            self._loaded(model, info, self._clock.time() - began)

    def _loaded(self, model: Model, info: LoadedInfo, seconds: float) -> None:
        if model.state != "loading":
            return
        model.state, model.info, model.loaded_at = "ready", info, datetime.now(UTC)
        model.size_bytes = info.size_bytes or model.size_bytes
        model.last_used = self._clock.time()
        self._retrying.discard(model.spec.digest)
        self._observer.model_loaded(model.spec.name, seconds)
        logger.info("%s: loaded in %.2f s, context %d", model.spec.name, seconds, info.n_ctx)
        self._pump()

    def _load_failed(self, model: Model, error: InferenceError) -> None:
        self._observer.load_failed(model.spec.name, type(error).__name__)
        logger.warning("%s: load failed: %s", model.spec.name, type(error).__name__)
        if model.exit is None:
            # The host has killed it; its place is free when it is gone.
            model.state = "stopping"
        else:
            self._forget(model)
        if _out_of_memory(error, model.exit):
            error = self._without_memory(model, error)
            if self._retry_with_more_memory(model):
                return
        self._retrying.discard(model.spec.digest)
        self._waiting.fail(model.spec.digest, error, options=model.options)
        self._pump()

    def _without_memory(self, model: Model, error: InferenceError) -> InferenceError:
        if isinstance(error, ModelTooLarge):
            return error
        available = self._memory_available()
        return ModelTooLarge(
            required_bytes=model.size_bytes, available_bytes=0 if available == float("inf") else int(available)
        )

    def _retry_with_more_memory(self, model: Model) -> bool:
        """Evicts every idle model and leaves the requests waiting: once they are gone the load is tried once more."""
        idle = [each for each in self._models.values() if each.idle]
        if not idle or model.spec.digest in self._retrying or self._closing:
            return False
        self._retrying.add(model.spec.digest)
        for each in idle:
            self._evict(each, "memory")
        return True

    def _evict(self, model: Model, reason: EvictReason) -> None:
        """Takes no more requests; the worker ends when the last one has."""
        model.disarm()
        model.state = "stopping"
        self._observer.model_evicted(model.spec.name, reason)
        logger.info("%s: unloading (%s)", model.spec.name, reason)
        if not model.users:
            self._stop(model)

    def _stop(self, model: Model) -> None:
        if model.host is not None and model.exit is None:
            model.task = asyncio.get_running_loop().create_task(model.host.stop())

    def _exited(self, model: Model, ending: Exit) -> None:
        """The host's word that the worker is gone. Requests it had are told after this by the host."""
        model.exit = ending
        self._observer.worker_exited(model.spec.name, ending.label)
        if ending.crashed:
            logger.error("%s: worker ended: %s", model.spec.name, ending.words)
            self._circuit(model.spec.digest).crashed(self._clock.time())
        if model.state != "loading":
            self._forget(model)
            self._pump()

    def _forget(self, model: Model) -> None:
        model.disarm()
        if self._models.get(model.spec.digest) is model:
            del self._models[model.spec.digest]

    def _circuit(self, digest: str) -> CircuitBreaker:
        return self._circuits.setdefault(
            digest,
            CircuitBreaker(limit=self._config.crash_limit, window_seconds=self._config.crash_window_seconds),
        )

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


def _latest(wanted: float | None, current: float) -> float:
    return current if wanted is None else wanted


def _out_of_memory(error: InferenceError, ending: Exit | None) -> bool:
    return isinstance(error, ModelTooLarge) or (ending is not None and ending.may_be_out_of_memory)


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
