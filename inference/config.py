"""How the pool and a loaded model are set up. Plain values: the settings table of the project makes them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

KVCacheType = Literal["f16", "q8_0", "q4_0"]
FlashAttention = Literal["auto", "on", "off"]
KVLayout = Literal["auto", "unified", "streams"]
EngineHost = Literal["process", "inline"]
BackendKind = Literal["llama", "fake"]


class LoadOptions(Struct, frozen=True, kw_only=True):
    """What is fixed when a model is loaded; changing any of it means loading the model again.

    ``num_ctx`` is the context of one sequence in tokens, 0 for "as much as the model was trained for, up to the
    default"; ``num_parallel`` the sequences decoded in one batch, which share one KV cache of ``num_cells`` tokens
    (0: a full context for each; the pool sets it where memory is short); ``kv_layout`` whether they share its cells or
    have a stream of them each (see ``plan_cells``); ``swap_bytes`` of main memory may hold what idle sequences had in
    that cache;
    ``gpu_layers`` -1 for all that fit; ``num_threads`` 0 for the physical cores.
    """

    num_ctx: int = 0
    num_parallel: int = 4
    num_cells: int = 0
    num_batch: int = 512
    swap_bytes: int = 0
    num_threads: int = 0
    gpu_layers: int = -1
    main_gpu: int = 0
    tensor_split: tuple[float, ...] = ()
    kv_cache_type: KVCacheType = "f16"
    flash_attention: FlashAttention = "auto"
    kv_layout: KVLayout = "auto"
    use_mmap: bool = True


class PoolConfig(Struct, frozen=True, kw_only=True):
    """How many models live at once, and how long. Durations in seconds; ``inf`` is forever."""

    max_loaded_models: int = 1
    max_queue: int = 512
    keep_alive_seconds: float = 300.0
    load_timeout_seconds: float = 300.0
    engine_host: EngineHost = "process"
    backend: BackendKind = "llama"
    heartbeat_seconds: float = 2.0
    hang_timeout_seconds: float = 30.0
    crash_limit: int = 3
    crash_window_seconds: float = 60.0
