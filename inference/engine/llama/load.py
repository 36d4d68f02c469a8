"""Loading a model and making its context: every parameter that matters is set here, none left to a default."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable
from typing import Any

import llama_cpp.llama_cpp as lib
import msgspec

from inference.config import FlashAttention, KVCacheType, LoadOptions
from inference.engine.cells import CellPlan, plan_cells
from inference.engine.llama.abort import AbortFlag
from inference.engine.threads import num_threads
from inference.errors import ModelLoadError
from inference.spec import ModelSpec

logger = logging.getLogger("inference.llama")

MAX_UBATCH = 512
OUTPUT_BYTES = 16 << 20
MIN_OUTPUTS = 16  # beyond one for each sequence
GGML_TYPES: dict[KVCacheType, int] = {
    "f16": lib.GGML_TYPE_F16,
    "q8_0": lib.GGML_TYPE_Q8_0,
    "q4_0": lib.GGML_TYPE_Q4_0,
}
FLASH_ATTENTION: dict[FlashAttention, int] = {
    "auto": lib.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": lib.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": lib.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def log_callback(level: int, text: bytes, user_data: Any) -> None:
    # Whatever the level says: these lines hold paths and pieces of metadata, which are nobody's but a debugger's.
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s", text.decode(errors="replace").rstrip())


def start_library() -> None:
    """Idempotent. llama.cpp's logger is process-wide, and writes to stderr until it is told otherwise."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # else an assertion of ggml starts gdb, and prints paths to stderr
    lib.llama_log_set(log_callback, ctypes.c_void_p(0))
    lib.llama_backend_init()


def load_model(spec: ModelSpec, options: LoadOptions, *, on_progress: Callable[[float], None]) -> Any:
    start_library()

    @lib.llama_progress_callback  # type: ignore[untyped-decorator]
    def progress(fraction: float, user_data: Any) -> bool:
        on_progress(fraction)
        return True

    params = lib.llama_model_default_params()
    params.n_gpu_layers = options.gpu_layers if lib.llama_supports_gpu_offload() else 0
    params.main_gpu = options.main_gpu
    split = _tensor_split(options.tensor_split)
    if split is not None:
        params.tensor_split = split
    params.load_mode = lib.LLAMA_LOAD_MODE_MMAP if options.use_mmap else lib.LLAMA_LOAD_MODE_NONE
    params.progress_callback = progress
    model = lib.llama_model_load_from_file(spec.model_path.encode(), params)
    if not model:
        raise ModelLoadError("llama.cpp could not load the model: the file is damaged or its architecture is unknown")
    return model


def load_context(model: Any, plan: CellPlan, options: LoadOptions, flag: AbortFlag) -> Any:
    params = lib.llama_context_default_params()
    params.n_ctx = plan.n_cells
    params.n_seq_max = min(plan.n_seq_max, lib.llama_max_parallel_sequences())
    params.n_batch = min(max(options.num_batch, params.n_seq_max), plan.n_cells)
    params.n_ubatch = min(MAX_UBATCH, params.n_batch)
    params.n_outputs_max = max_outputs(model, plan)
    params.n_threads = params.n_threads_batch = options.num_threads or num_threads()
    params.flash_attn_type = flash_attention(options)
    params.type_k = GGML_TYPES[options.kv_cache_type]
    # llama.cpp has no quantized V cache without flash attention.
    params.type_v = lib.GGML_TYPE_F16 if options.flash_attention == "off" else params.type_k
    params.kv_unified = plan.layout == "unified"
    params.swa_full = True  # a sliding window that forgets can't be cut back to a prefix
    params.offload_kqv = params.op_offload = options.gpu_layers != 0
    params.embeddings = False
    params.no_perf = True
    params.abort_callback = flag.callback
    params.abort_callback_data = flag.data
    context = lib.llama_init_from_model(model, params)
    if not context:
        lib.llama_model_free(model)
        raise ModelLoadError("llama.cpp could not create a context: not enough memory, or an unsupported KV cache type")
    return context


def fitting_plan(model: Any, spec: ModelSpec, options: LoadOptions) -> CellPlan:
    """``plan_cells``, but for what only the loaded model tells: recurrent states can't be cut to a prefix, so there
    have to be more of them than lanes, to keep some. A unified cache is no larger."""
    if lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model):
        options = msgspec.structs.replace(options, kv_layout="unified")
    return plan_cells(spec, options)


def max_outputs(model: Any, plan: CellPlan) -> int:
    """Rows of logits that one decode may have: llama.cpp's buffers are made for so many, and it aborts beyond them.

    One for each sequence, and some more for the logprobs of prompts, as far as that costs next to nothing: 85 rows at a
    vocabulary of 49k make SmolLM2's compute buffer 6 % larger, one per token of the batch would make it 5 times as
    large.
    """
    n_vocab = int(lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model)))
    n_seq_max = min(plan.n_seq_max, int(lib.llama_max_parallel_sequences()))
    return max(n_seq_max + MIN_OUTPUTS, OUTPUT_BYTES // (4 * n_vocab))


def flash_attention(options: LoadOptions) -> int:
    return FLASH_ATTENTION[options.flash_attention]


def _tensor_split(shares: tuple[float, ...]) -> Any:
    if not shares:
        return None
    n_devices = int(lib.llama_max_devices())
    return (ctypes.c_float * n_devices)(*shares[:n_devices])
