"""How many KV cells a model is loaded with, and who shares them. The pool's memory estimate and the backend ask the
same function."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from inference.config import KVCacheType, LoadOptions
from inference.spec import ModelSpec

DEFAULT_NUM_CTX = 4096
MIN_NUM_CTX = 4
LLAMA_MAX_SEQ = 256
# llama.cpp makes the length of a cache, and of each stream, a multiple of this (llama-context.cpp).
CELLS_MULTIPLE = 256
# Idle prefixes lie in the unified cache that every token attends over: on one thread, 1 000 idle cells of SmolLM2-135M
# take 5 % of a step, 3 000 cells 14.5 %. What they hold may add this much to the memory that a decode reads for the
# weights (132 cells there, some 1 100 for an 8B model at 4 bits); the rest is swapped out.
IDLE_SHARE = 1 / 32
# Bytes per f16 element times these: a block of 32 elements is 34 bytes in q8_0 and 18 in q4_0.
KV_TYPE_SCALE: dict[KVCacheType, float] = {"f16": 1.0, "q8_0": 34 / 64, "q4_0": 18 / 64}
Layout = Literal["unified", "streams"]
"""``unified``: one cache for all sequences, which may be on the same cells, and whose every token passes over all of
them. ``streams``: a part of the cache for each sequence, which the others never see; what two of them have in common is
there twice."""


class CellPlan(Struct, frozen=True, kw_only=True):
    """``n_ctx`` tokens for one sequence; ``n_cells`` for up to ``n_seq_max`` sequences, running, paused or idle.

    ``max_idle_cells`` is what idle prefixes may hold while others run.
    """

    n_ctx: int
    n_cells: int
    n_seq_max: int
    kv_bytes: int
    max_idle_cells: int
    layout: Layout


def plan_cells(spec: ModelSpec, options: LoadOptions, *, budget_bytes: int | None = None) -> CellPlan:
    """Every parallel sequence gets a full context if ``budget_bytes`` (for the KV cache) allows it, one at least.

    Where it does, a cache of streams takes no more than a unified one and decodes unrelated sequences faster. There are
    no more of them than lanes, so waiting sequences take turns by being swapped: without space for that the cache is
    unified, unless ``kv_layout`` says otherwise.
    """
    n_ctx = context_length(spec, options)
    n_parallel = 1 if spec.embeds_only else max(1, options.num_parallel)
    n_cells = max(n_ctx, options.num_cells or n_ctx * n_parallel)
    cell_bytes = spec.kv_bytes_per_token * KV_TYPE_SCALE[options.kv_cache_type]
    if budget_bytes is not None and cell_bytes:
        n_cells = max(n_ctx, min(n_cells, int(budget_bytes / cell_bytes)))
    if _wants_streams(options) and 1 < n_parallel <= LLAMA_MAX_SEQ and n_cells >= n_ctx * n_parallel:
        plan = _streams(n_ctx, n_parallel, cell_bytes)
        if budget_bytes is None or plan.kv_bytes <= budget_bytes:
            return plan
    return CellPlan(
        n_ctx=n_ctx,
        n_cells=n_cells,
        n_seq_max=n_seq_max(options),
        kv_bytes=int(n_cells * cell_bytes),
        max_idle_cells=int(spec.size_bytes * IDLE_SHARE / cell_bytes) if cell_bytes else n_cells,
        layout="unified",
    )


def _wants_streams(options: LoadOptions) -> bool:
    return options.kv_layout == "streams" or (options.kv_layout == "auto" and options.swap_bytes > 0)


def _streams(n_ctx: int, n_parallel: int, cell_bytes: float) -> CellPlan:
    n_cells = n_parallel * -(-n_ctx // CELLS_MULTIPLE) * CELLS_MULTIPLE
    return CellPlan(
        n_ctx=n_ctx,
        n_cells=n_cells,
        n_seq_max=n_parallel,
        kv_bytes=int(n_cells * cell_bytes),
        max_idle_cells=n_cells,  # an idle stream costs the others nothing
        layout="streams",
    )


def context_length(spec: ModelSpec, options: LoadOptions) -> int:
    """At least what the specification says, but never more than the model was trained for."""
    wanted = max(options.num_ctx or DEFAULT_NUM_CTX, spec.least_num_ctx)
    return max(MIN_NUM_CTX, min(wanted, spec.n_ctx_train or wanted))


def n_seq_max(options: LoadOptions) -> int:
    """Twice what runs at once: the other half remembers prefixes and paused sequences."""
    return min(LLAMA_MAX_SEQ, max(16, 2 * options.num_parallel))
