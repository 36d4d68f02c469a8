"""A context of llama.cpp's that makes embeddings, over weights that are loaded for chats too or for this only."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np

from inference.config import LoadOptions
from inference.engine.backend import BackendInfo
from inference.engine.batch import Batch
from inference.engine.cells import context_length
from inference.engine.embedding.embedder import Embedder, EmbedInfo, Vector
from inference.engine.embedding.lanes import MAX_LANES, EmbedLanes
from inference.engine.llama.abort import AbortFlag
from inference.engine.llama.adapters import Adapters
from inference.engine.llama.batch import bind, decode_native
from inference.engine.llama.devices import gpu_free_bytes, gpus
from inference.engine.llama.load import GGML_TYPES, flash_attention, load_model
from inference.engine.llama.rank import rank_format, ranks_by_last
from inference.engine.llama.text import metadata, read_piece, special_text, tokenize
from inference.engine.llama.vocabulary import vocabulary_info
from inference.engine.threads import num_threads
from inference.errors import DecodeFailed, InferenceError, ModelLoadError
from inference.spec import ModelSpec

N_SEQ_MAX = 64
# Inputs that can be split go through in decodes of this size: llama.cpp keeps the logits of every token of one.
SPLIT_BATCH = 256
_SPLIT_POOLS = (lib.LLAMA_POOLING_TYPE_NONE, lib.LLAMA_POOLING_TYPE_MEAN, lib.LLAMA_POOLING_TYPE_LAST)
_MODEL_POOLS = (
    lib.LLAMA_POOLING_TYPE_CLS, lib.LLAMA_POOLING_TYPE_LAST, lib.LLAMA_POOLING_TYPE_MEAN, lib.LLAMA_POOLING_TYPE_RANK,
)  # fmt: skip


class LlamaEmbedder:
    """Pooling is the file's. A model without one gets the mean over its tokens, as in sentence-transformers; that mean
    is taken here, so that an input may come in several decodes."""

    def __init__(self, model: Any, options: LoadOptions, adapters: Adapters, *, n_cells: int, n_ctx: int) -> None:
        self._flag = AbortFlag()
        self._ctx = self._open(model, options, n_cells=n_cells, n_ctx=n_ctx)
        pooling = lib.llama_pooling_type(self._ctx)
        ranks = pooling == lib.LLAMA_POOLING_TYPE_RANK
        try:
            adapters.apply(self._ctx)
        except InferenceError:
            lib.llama_free(self._ctx)
            raise
        self._memory = lib.llama_get_memory(self._ctx)
        self._averages = pooling not in _MODEL_POOLS
        self._sums: dict[int, tuple[Vector | float, int]] = defaultdict(lambda: (0.0, 0))
        self._n_dims = int(lib.llama_model_n_cls_out(model) if ranks else lib.llama_model_n_embd_out(model))
        self._bound: tuple[Batch, Any] | None = None
        self._info = EmbedInfo(
            n_batch=lib.llama_n_batch(self._ctx),
            n_seq_max=N_SEQ_MAX,
            n_cells=lib.llama_n_ctx(self._ctx) if self._memory else 1 << 31,
            n_dims=self._n_dims,
            can_split=can_split(model, self._ctx),
            normalizes=file_normalizes(model),
            ranks=ranks,
        )

    def _open(self, model: Any, options: LoadOptions, *, n_cells: int, n_ctx: int) -> Any:
        """Only a context says how its model pools, and the batch it needs depends on that: it may take a second one."""
        params = context_params(options, self._flag, n_cells=n_cells)
        params.n_batch = params.n_ubatch = SPLIT_BATCH
        context = _new_context(model, params)
        if not can_split(model, context):
            # The longest input, beside what a good decode holds anyway.
            params.n_batch = params.n_ubatch = whole_lanes(SPLIT_BATCH + n_ctx)
        elif lib.llama_pooling_type(context) == lib.LLAMA_POOLING_TYPE_MEAN:
            params.pooling_type = lib.LLAMA_POOLING_TYPE_NONE  # llama.cpp's mean is that of one decode
        else:
            return context
        lib.llama_free(context)
        return _new_context(model, params)

    @property
    def info(self) -> EmbedInfo:
        return self._info

    def take_threads(self, n_threads: int) -> None:
        lib.llama_set_n_threads(self._ctx, n_threads, n_threads)

    def decode(self, batch: Batch) -> None:
        if self._bound is None or self._bound[0] is not batch:
            self._bound = (batch, bind(batch))
        native = self._bound[1]
        native.n_tokens = batch.n_tokens
        decode_native(self._ctx, native, self._flag)
        if self._averages:
            self._add_up(batch)

    def _add_up(self, batch: Batch) -> None:
        rows = _view(lib.llama_get_embeddings(self._ctx), batch.n_tokens * self._n_dims).reshape(-1, self._n_dims)
        seq_ids = batch.seq_ids[: batch.n_tokens]
        for seq_id in np.unique(seq_ids).tolist():
            own = rows[seq_ids == seq_id]
            total, n = self._sums[seq_id]
            self._sums[seq_id] = (total + own.sum(axis=0, dtype=np.float64), n + len(own))

    def vector(self, seq_id: int) -> Vector:
        if self._averages:
            total, n = self._sums[seq_id]
            return np.asarray(total / n, np.float32)
        found = lib.llama_get_embeddings_seq(self._ctx, seq_id)
        if not found:
            raise DecodeFailed("llama.cpp made no embedding")
        return _view(found, self._n_dims).copy()

    def forget(self, seq_id: int) -> None:
        self._sums.pop(seq_id, None)
        if self._memory:
            lib.llama_memory_seq_rm(self._memory, seq_id, -1, -1)

    def abort(self) -> None:
        self._flag.set()

    def close(self) -> None:
        lib.llama_free(self._ctx)


class LlamaEmbedModel:
    """An ``EmbedSource``: the weights, and no context until one is asked for."""

    def __init__(self, spec: ModelSpec, options: LoadOptions, *, on_progress: Callable[[float], None]) -> None:
        gpu_free_before = gpu_free_bytes()
        self._model = load_model(spec, options, on_progress=on_progress)
        self._adapters = Adapters(self._model, spec)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._options = options
        self._closed = False
        n_ctx = context_length(spec, options)
        self._info = BackendInfo(
            n_ctx=n_ctx,
            n_cells=n_ctx,
            n_batch=options.num_batch,
            n_seq_max=N_SEQ_MAX,
            n_vocab=lib.llama_vocab_n_tokens(self._vocab),
            max_idle_cells=0,
            can_shift=False,
            add_bos=bool(lib.llama_vocab_get_add_bos(self._vocab)),
            bos=special_text(self._vocab, lib.llama_vocab_bos(self._vocab)),
            eos=special_text(self._vocab, lib.llama_vocab_eos(self._vocab)),
            size_vram_bytes=max(0, gpu_free_before - gpu_free_bytes()),
            vocabulary=vocabulary_info(self._vocab),
            rank=rank_format(self._model, self._vocab),
        )

    @property
    def info(self) -> BackendInfo:
        return self._info

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        return tokenize(self._vocab, text, add_special=add_special, parse_special=parse_special)

    def special_piece(self, token: int) -> bytes:
        return read_piece(self._vocab, token, special=True)

    def open_embedder(self, *, n_cells: int) -> Embedder:
        n_threads = self._options.num_threads or num_threads()
        n_lanes = min(MAX_LANES, n_threads)
        with ExitStack() as opened:
            lanes = [opened.enter_context(closing(self._open(n_cells)))]
            # Only an open context says whether its model's inputs go through whole.
            if not lanes[0].info.can_split and n_lanes > 1 and not gpus():
                lanes += [opened.enter_context(closing(self._open(n_cells))) for _ in range(n_lanes - 1)]
                for lane in lanes:
                    lane.take_threads(n_threads // n_lanes)
            opened.pop_all()
        return EmbedLanes(lanes) if len(lanes) > 1 else lanes[0]

    def _open(self, n_cells: int) -> LlamaEmbedder:
        return LlamaEmbedder(self._model, self._options, self._adapters, n_cells=n_cells, n_ctx=self._info.n_ctx)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            lib.llama_model_free(self._model)


def whole_lanes(n_tokens: int) -> int:
    """The next multiple of ``N_SEQ_MAX``: llama.cpp's rehearsal of a pooled graph aborts with any other number."""
    return -(-n_tokens // N_SEQ_MAX) * N_SEQ_MAX


def can_split(model: Any, context: Any) -> bool:
    """Where every token sees all others an input has to be decoded at once, and where only its first counts, too."""
    if not (lib.llama_get_memory(context) and lib.llama_get_causal_attn(context)):
        return False
    pooling = lib.llama_pooling_type(context)
    if pooling == lib.LLAMA_POOLING_TYPE_RANK:
        return ranks_by_last(model)
    return pooling in _SPLIT_POOLS


def context_params(options: LoadOptions, flag: AbortFlag, *, n_cells: int) -> Any:
    params = lib.llama_context_default_params()
    params.n_ctx = whole_lanes(n_cells)
    params.n_seq_max = N_SEQ_MAX
    params.n_threads = params.n_threads_batch = options.num_threads or num_threads()
    params.flash_attn_type = flash_attention(options)
    params.type_k = GGML_TYPES[options.kv_cache_type]
    # llama.cpp has no quantized V cache without flash attention.
    params.type_v = lib.GGML_TYPE_F16 if options.flash_attention == "off" else params.type_k
    params.kv_unified = True
    params.swa_full = False  # nothing here is ever cut back
    params.offload_kqv = params.op_offload = options.gpu_layers != 0
    params.embeddings = True
    params.no_perf = True
    params.abort_callback = flag.callback
    params.abort_callback_data = flag.data
    return params


def file_normalizes(model: Any) -> bool:
    """What /api/embeddings answers with: Ollama's legacyEmbeddingsWereRaw (llm/llama_server.go), turned round."""
    architecture = metadata(model, "general.architecture")
    asked = metadata(model, f"{architecture}.normalize_embeddings")
    if not metadata(model, f"{architecture}.pooling_type"):
        return True
    if architecture == "bert":
        return metadata(model, "tokenizer.ggml.model") == "bert" and asked != "false"
    return architecture not in ("nomic-bert", "nomic-bert-moe") or asked == "true"


def _new_context(model: Any, params: Any) -> Any:
    context = lib.llama_init_from_model(model, params)
    if not context:
        raise ModelLoadError("llama.cpp could not create a context for embeddings: not enough memory")
    return context


def _view(pointer: Any, n: int) -> Vector:
    """llama.cpp's own buffer, valid until the next decode."""
    address = ctypes.addressof(pointer.contents)
    return np.frombuffer((ctypes.c_float * n).from_address(address), np.float32)  # type: ignore[call-overload, no-any-return]
