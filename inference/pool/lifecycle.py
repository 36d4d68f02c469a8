"""A model's life: loading ─▶ ready ─▶ stopping ─▶ gone. Starts and stops workers; decides nothing about requests.

The event loop's thread only. Loads and stops are tasks; what comes of them is told through ``on_change`` and
``on_load_failed``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from inference.config import LoadOptions, PoolConfig
from inference.errors import InferenceError, ModelLoadError, ModelTooLarge
from inference.pool import memory
from inference.pool.circuit import CircuitBreaker
from inference.pool.clock import Clock
from inference.pool.model import Model
from inference.pool.observer import PoolObserver
from inference.pool.policy import EvictReason
from inference.spec import ModelSpec
from inference.worker.exits import Exit
from inference.worker.host import Host, OnExit
from inference.worker.protocol import LoadedInfo

logger = logging.getLogger(__name__)


class OpenHost(Protocol):
    def __call__(self, spec: ModelSpec, options: LoadOptions, config: PoolConfig, *, on_exit: OnExit) -> Host: ...


class Lifecycle:
    """``models`` are all that have a worker, by digest.

    ``on_change()``: a model became ready or is gone. ``on_load_failed(model, error)``: those who wait for it must hear.
    """

    def __init__(
        self,
        config: PoolConfig,
        *,
        observer: PoolObserver,
        open_host: OpenHost,
        clock: Clock,
        memory_available: Callable[[], float],
        on_change: Callable[[], None],
        on_load_failed: Callable[[Model, InferenceError], None],
    ) -> None:
        self.models: dict[str, Model] = {}
        self._config = config
        self._observer = observer
        self._open_host = open_host
        self._clock = clock
        self._memory_available = memory_available
        self._on_change = on_change
        self._on_load_failed = on_load_failed
        self._circuits: dict[str, CircuitBreaker] = {}
        self._retrying: set[str] = set()

    def start(self, spec: ModelSpec, options: LoadOptions) -> None:
        """Begins to load, with as many KV cells as there is memory for."""
        fitted = options
        if not memory.may_offload(options):
            fitted = memory.options_fitting(spec, options, available_bytes=self.available_bytes())
        model = Model(
            spec=spec,
            options=options,
            keep_alive_seconds=self._config.keep_alive_seconds,
            size_bytes=memory.required_bytes(spec, fitted),
            last_used=self._clock.time(),
        )
        model.host = self._open_host(spec, fitted, self._config, on_exit=partial(self._exited, model))
        self.models[spec.digest] = model
        self._observer.model_loading(spec.name)
        model.task = asyncio.get_running_loop().create_task(self._load(model, model.host))

    def evict(self, model: Model, reason: EvictReason) -> None:
        """Takes no more requests; the worker ends when the last one has."""
        model.disarm()
        model.state = "stopping"
        self._observer.model_evicted(model.spec.name, reason)
        logger.info("%s: unloading (%s)", model.spec.name, reason)
        self.stop_if_unused(model)

    def stop_if_unused(self, model: Model) -> None:
        if model.state == "stopping" and not model.users and model.host is not None and model.exit is None:
            model.task = asyncio.get_running_loop().create_task(model.host.stop())

    def rest(self, model: Model) -> None:
        """The model is idle: its keep_alive starts now, if it does not run already."""
        if model.for_ever or model.timer is not None:
            return
        if model.keep_alive_seconds == 0:
            self.evict(model, "expired")
            return
        model.expires_at = self._clock.time() + model.keep_alive_seconds
        model.timer = self._clock.call_later(model.keep_alive_seconds, partial(self._expired, model))

    async def stop_all(self) -> None:
        """Returns when every worker is gone, loading ones too."""
        models = list(self.models.values())
        for model in models:
            if model.state != "stopping":
                self._observer.model_evicted(model.spec.name, "shutdown")
            model.state = "stopping"
            model.disarm()
        await asyncio.gather(*(model.host.stop() for model in models if model.host))

    def available_bytes(self) -> float:
        """What a load may take. The kernel counts mapped weights as available, and what a load has yet to take too."""
        spoken_for = sum(model.spec.size_bytes if model.info else model.size_bytes for model in self.models.values())
        return self._memory_available() - spoken_for

    def retry_after_seconds(self, digest: str) -> float | None:
        """How long a model that crashed too often is not loaded; None: it may be."""
        circuit = self._circuits.get(digest)
        return None if circuit is None else circuit.retry_after_seconds(self._clock.time())

    def is_retrying(self, digest: str) -> bool:
        """Its last load ran out of memory, and the next has to wait for those that leave."""
        return digest in self._retrying

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
        self._on_change()

    def _load_failed(self, model: Model, error: InferenceError) -> None:
        self._observer.load_failed(model.spec.name, type(error).__name__)
        logger.warning("%s: load failed: %s", model.spec.name, type(error).__name__)
        shut_down = model.state == "stopping"
        # A host that has not ended yet is about to: its place is free when it is gone.
        model.state = "stopping"
        if model.exit is not None:
            self._forget(model)
        if not shut_down and _out_of_memory(error, model.exit):
            error = self._too_large(model, error)
            if self._make_memory(model.spec.digest):
                return
        self._retrying.discard(model.spec.digest)
        self._on_load_failed(model, error)

    def _too_large(self, model: Model, error: InferenceError) -> InferenceError:
        if isinstance(error, ModelTooLarge):
            return error
        available = min(self._memory_available(), model.size_bytes)
        return ModelTooLarge(required_bytes=model.size_bytes, available_bytes=int(available))

    def _make_memory(self, digest: str) -> bool:
        """Evicts every idle model; those who wait go on waiting, and once the idle are gone the load is tried again."""
        idle = [model for model in self.models.values() if model.idle]
        if not idle or digest in self._retrying:
            return False
        self._retrying.add(digest)
        for model in idle:
            self.evict(model, "memory")
        return True

    def _exited(self, model: Model, ending: Exit) -> None:
        """The host's word that the worker is gone. The host tells the requests it had after this."""
        model.exit = ending
        self._observer.worker_exited(model.spec.name, ending.label)
        if ending.crashed:
            logger.error("%s: worker ended: %s", model.spec.name, ending.words)
            self._circuit(model.spec.digest).crashed(self._clock.time())
        # While it loads, the task that loads it hears of the exit too and settles everything.
        if model.state != "loading":
            self._forget(model)
            self._on_change()

    def _expired(self, model: Model) -> None:
        if model.idle:
            self.evict(model, "expired")

    def _forget(self, model: Model) -> None:
        model.disarm()
        if self.models.get(model.spec.digest) is model:
            del self.models[model.spec.digest]

    def _circuit(self, digest: str) -> CircuitBreaker:
        fresh = CircuitBreaker(limit=self._config.crash_limit, window_seconds=self._config.crash_window_seconds)
        return self._circuits.setdefault(digest, fresh)


def _out_of_memory(error: InferenceError, ending: Exit | None) -> bool:
    return isinstance(error, ModelTooLarge) or (ending is not None and ending.may_be_out_of_memory)
