"""How much memory a model takes and how much there is. Estimates: the load itself has the last word."""

from __future__ import annotations

from pathlib import Path

import msgspec

from inference.config import LoadOptions
from inference.engine.cells import context_length, plan_cells
from inference.spec import ModelSpec

# llama.cpp's compute buffers: the logits of a batch's outputs dominate for small models, activations for large ones.
_COMPUTE_BASE_BYTES = 32 << 20
_ACTIVATIONS_PER_EMBEDDING = 16
_FLOAT_BYTES = 4
# mtmd's buffers for one image, and what the cache of embeddings holds at most (engine/media.py).
_MEDIA_BYTES = 256 << 20
# llama.cpp keeps the logits of every token of a decode that embeds (engine/llama/embed.py).
_EMBED_OUTPUTS = 256
# An interpreter with numpy and llama.cpp loaded.
_PROCESS_BYTES = 60 << 20


def required_bytes(spec: ModelSpec, options: LoadOptions) -> int:
    """Weights, KV cache, compute buffers and the worker process itself."""
    return fixed_bytes(spec, options) + plan_cells(spec, options).kv_bytes


def least_bytes(spec: ModelSpec, options: LoadOptions) -> int:
    """The same with the smallest KV cache that holds one full context: below this a load is refused."""
    return required_bytes(spec, msgspec.structs.replace(options, num_cells=context_length(spec, options)))


def fixed_bytes(spec: ModelSpec, options: LoadOptions) -> int:
    n_outputs = _EMBED_OUTPUTS if spec.embeds_only else options.num_parallel
    logits = n_outputs * spec.n_vocab * _FLOAT_BYTES
    activations = options.num_batch * spec.n_embd * _ACTIVATIONS_PER_EMBEDDING * _FLOAT_BYTES
    weights = spec.size_bytes + spec.adapters_bytes
    return weights + _media_bytes(spec) + _COMPUTE_BASE_BYTES + logits + activations + _PROCESS_BYTES


def _media_bytes(spec: ModelSpec) -> int:
    """The projector's weights and its compute buffers, and the embeddings that are kept."""
    return spec.projector_bytes + _MEDIA_BYTES if spec.projector_path else 0


def options_fitting(spec: ModelSpec, options: LoadOptions, *, available_bytes: float) -> LoadOptions:
    """The options with as many KV cells as fit, at least one full context, and what is left for swapping; unchanged
    where all of it fits."""
    left = available_bytes - required_bytes(spec, options)
    if left >= options.swap_bytes:
        return options
    if left >= 0:
        return msgspec.structs.replace(options, swap_bytes=int(left))
    budget = max(0, int(available_bytes) - fixed_bytes(spec, options))
    n_cells = plan_cells(spec, options, budget_bytes=budget).n_cells
    return msgspec.structs.replace(options, num_cells=n_cells, swap_bytes=0)


def may_offload(options: LoadOptions, *, dev: Path = Path("/dev")) -> bool:
    """Whether a GPU may take the weights, which only the worker can know for sure: main memory is then no measure."""
    nodes = ("nvidia0", "kfd", "dri/renderD128")
    return options.gpu_layers != 0 and any((dev / node).exists() for node in nodes)


def memory_available(*, proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes this process may still take: the kernel's MemAvailable or what the cgroup's limit leaves, ``inf`` if
    unknown."""
    return min(_mem_available(proc / "meminfo"), _cgroup_available(_own_cgroup(proc, cgroup), cgroup))


def _mem_available(meminfo: Path) -> float:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return float("inf")
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return float("inf")


def _own_cgroup(proc: Path, root: Path) -> Path:
    """This process's directory in the unified hierarchy (cgroup v2); the root of it in most containers."""
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return root
    for line in lines:
        if line.startswith("0::/"):
            return root / line.removeprefix("0::/")
    return root


def _cgroup_available(group: Path, root: Path) -> float:
    """The tightest limit on the way up: a parent's holds for its children too."""
    available = float("inf")
    for directory in (group, *group.parents):
        if directory != root and root not in directory.parents:
            break
        available = min(available, _limit_left(directory))
    return available


def _limit_left(directory: Path) -> float:
    """``memory.max`` less what is used, where page cache that can be dropped does not count as used."""
    try:
        limit = (directory / "memory.max").read_text().strip()
        if limit == "max":
            return float("inf")
        used = int((directory / "memory.current").read_text())
        stat = dict(line.split() for line in (directory / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return float("inf")
    return int(limit) - used + int(stat.get("inactive_file", 0))
