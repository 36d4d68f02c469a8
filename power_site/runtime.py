"""The process's one pool: made by ``serve`` (the ASGI lifespan) and by ``run`` where no server answers.

Everything here belongs to the event loop's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from inference import Embeddings, EmbedRequest, GenerateRequest, LoadOptions, ModelSpec, Pool, PoolConfig, Stream
from inference.errors import ShuttingDown
from inference.events import Finished
from inference.pool.observer import PoolObserver
from power_site import metrics
from power_site.conf import Config

_pool: Pool | None = None
_started_at = time.monotonic()
_stop_acts: list[Callable[[], None]] = []


async def start(config: Config) -> Pool:
    """Make the pool. Loads no model and starts no process."""
    global _pool, _started_at
    assert _pool is None, "one pool in a process"
    kind = _FakePool if config.backend == "fake" else Pool
    _pool = kind(pool_config(config), observer=MetricsObserver())
    if isinstance(_pool, _FakePool):
        _pool.behaviour = config.fake_backend
    _started_at = time.monotonic()
    return _pool


def pool() -> Pool:
    """Raises ShuttingDown before ``start`` and after ``stop``."""
    if _pool is None:
        raise ShuttingDown
    return _pool


def at_stop(act: Callable[[], None]) -> None:
    """``act`` is called on the loop as soon as the server begins to stop, perhaps more than once."""
    _stop_acts.append(act)


async def stop(*, drain_seconds: float) -> None:
    """Running generations may go on so long, then they end with ``shutdown``; every worker is gone on return.

    May be called again, with less patience, while the first call waits.
    """
    for act in _stop_acts:
        act()
    if _pool is not None:
        await _pool.shutdown(drain_seconds=drain_seconds)


def forget() -> None:
    """Once the pool is shut down: another may be made."""
    global _pool
    _pool = None


def uptime_seconds() -> float:
    return time.monotonic() - _started_at


def pool_config(config: Config) -> PoolConfig:
    return PoolConfig(
        max_loaded_models=config.max_loaded_models,
        max_queue=config.max_queue,
        keep_alive_seconds=config.keep_alive,
        load_timeout_seconds=config.load_timeout,
        engine_host=config.engine_host,
        backend=config.backend,
    )


def load_options(config: Config) -> LoadOptions:
    """What a model is loaded with where neither it nor the request says otherwise."""
    return LoadOptions(
        num_ctx=config.context_length,
        num_parallel=config.num_parallel,
        num_batch=config.num_batch,
        swap_bytes=config.swap_space,
        num_threads=config.num_threads,
        gpu_layers=config.gpu.gpu_layers,
        main_gpu=config.gpu.main_gpu,
        tensor_split=config.gpu.tensor_split,
        kv_cache_type=config.kv_cache_type,
        flash_attention=config.flash_attention,
        kv_layout=config.kv_layout,
    )


def residents_for_metrics() -> list[tuple[str, int, int]]:
    """(name, bytes, waiting requests) of each model in memory; empty where there is no pool."""
    if _pool is None:
        return []
    return [(entry.name, entry.size_bytes, entry.n_queued) for entry in _pool.residents()]


class MetricsObserver(PoolObserver):
    """Counts what the pool does. Tokens and time to first token are counted by the wires, which see every event."""

    def model_loaded(self, name: str, seconds: float) -> None:
        metrics.model_loaded(name, seconds)

    def model_evicted(self, name: str, reason: str) -> None:
        metrics.model_evicted(reason)

    def worker_exited(self, name: str, reason: str) -> None:
        metrics.worker_exited(reason)

    def generation_finished(self, name: str, finished: Finished) -> None:
        metrics.inference(name, finished.prompt_seconds + finished.decode_seconds)


class _FakePool(Pool):
    """The pool of ``backend = "fake"``: every model behaves as the setting ``fake_backend`` says, whatever its file."""

    behaviour = ""

    async def generate(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        request: GenerateRequest,
        *,
        keep_alive_seconds: float | None = None,
    ) -> Stream:
        return await super().generate(self._fake(spec), options, request, keep_alive_seconds=keep_alive_seconds)

    async def embed(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        request: EmbedRequest,
        *,
        keep_alive_seconds: float | None = None,
    ) -> Embeddings:
        return await super().embed(self._fake(spec), options, request, keep_alive_seconds=keep_alive_seconds)

    async def load(self, spec: ModelSpec, options: LoadOptions, *, keep_alive_seconds: float | None = None) -> float:
        return await super().load(self._fake(spec), options, keep_alive_seconds=keep_alive_seconds)

    def _fake(self, spec: ModelSpec) -> ModelSpec:
        from msgspec.structs import replace

        return replace(spec, model_path=f"fake:{self.behaviour}")


metrics.registry.register(metrics.PoolGauges(residents_for_metrics))
