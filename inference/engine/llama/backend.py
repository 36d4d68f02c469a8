"""llama.cpp through llama-cpp-python's low-level bindings. Threads and errors: see ``Backend``.

Only the modules of this package import llama_cpp, and only a worker imports them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import llama_cpp.llama_cpp as lib
import msgspec
import numpy as np
import numpy.typing as npt

from inference.config import LoadOptions
from inference.constrain.matcher import Allowed
from inference.engine.backend import BackendInfo, Sampler
from inference.engine.batch import Batch
from inference.engine.cells import CellPlan
from inference.engine.insert import InsertTokens
from inference.engine.llama.abort import AbortFlag
from inference.engine.llama.adapters import Adapters
from inference.engine.llama.batch import bind_media, decode_native
from inference.engine.llama.candidates import Candidates
from inference.engine.llama.devices import gpu_free_bytes
from inference.engine.llama.embed import LlamaEmbedder
from inference.engine.llama.load import MAX_UBATCH, fitting_plan, load_context, load_model, max_outputs
from inference.engine.llama.logprobs import token_logprob
from inference.engine.llama.rows import Rows, RowsByStream, RowsInOrder
from inference.engine.llama.sampler import new_chain
from inference.engine.llama.text import metadata, read_piece, special_text, tokenize
from inference.engine.llama.vocabulary import new_tokenizer, vocabulary_info
from inference.engine.media.chunks import MediaBatch
from inference.engine.swap import State
from inference.errors import ModelLoadError
from inference.events import TokenLogprob
from inference.request import SamplingOptions
from inference.spec import ModelSpec

if TYPE_CHECKING:
    from inference.engine.llama.media import LlamaProjector

UINT8 = ctypes.POINTER(ctypes.c_uint8)


class LlamaBackend:
    def __init__(self, spec: ModelSpec, options: LoadOptions, *, on_progress: Callable[[float], None]) -> None:
        if spec.projector_path:  # an image whose tokens see each other has to fit into one batch
            options = msgspec.structs.replace(options, num_batch=max(options.num_batch, MAX_UBATCH))
        self._closed = False
        self._options = options
        self._flag = AbortFlag()
        gpu_free_before = gpu_free_bytes()
        self._model = load_model(spec, options, on_progress=on_progress)
        plan = fitting_plan(self._model, spec, options)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._adapters = Adapters(self._model, spec)
        self._ctx = load_context(self._model, plan, options, self._flag)
        self._adapters.apply(self._ctx)
        self._projector = self._load_projector(spec, options)
        self._memory = lib.llama_get_memory(self._ctx)
        self._pieces: dict[int, bytes] = {}
        self._rows: Rows | None = None
        self._place: Callable[[int], int] = int
        self._info = self._read_info(
            spec, plan, swap_bytes=options.swap_bytes, size_vram_bytes=max(0, gpu_free_before - gpu_free_bytes())
        )
        self._logits_address = _address_function("llama_get_logits_ith")
        self._candidates = Candidates(self._info.n_vocab)

    def _read_info(self, spec: ModelSpec, plan: CellPlan, *, swap_bytes: int, size_vram_bytes: int) -> BackendInfo:
        template = lib.llama_model_chat_template(self._model, None)
        return BackendInfo(
            n_ctx=min(plan.n_ctx, lib.llama_n_ctx_seq(self._ctx)),
            n_cells=lib.llama_n_ctx(self._ctx),
            n_batch=lib.llama_n_batch(self._ctx),
            n_seq_max=min(plan.n_seq_max, lib.llama_max_parallel_sequences()),
            n_outputs=max_outputs(self._model, plan),
            n_vocab=lib.llama_vocab_n_tokens(self._vocab),
            layout=plan.layout,
            max_idle_cells=plan.max_idle_cells,
            swap_bytes=swap_bytes,
            can_shift=bool(lib.llama_memory_can_shift(self._memory)),
            add_bos=bool(lib.llama_vocab_get_add_bos(self._vocab)),
            bos=special_text(self._vocab, lib.llama_vocab_bos(self._vocab)),
            eos=special_text(self._vocab, lib.llama_vocab_eos(self._vocab)),
            chat_template=spec.chat_template or (template.decode(errors="replace") if template else None),
            size_vram_bytes=size_vram_bytes,
            has_mrope=self._projector is not None and self._projector.position_dims > 1,
            architecture=metadata(self._model, "general.architecture"),
            insert=self._insert_tokens(),
            vocabulary=vocabulary_info(self._vocab),
        )

    def _load_projector(self, spec: ModelSpec, options: LoadOptions) -> LlamaProjector | None:
        if not spec.projector_path:
            return None
        from inference.engine.llama.media import LlamaProjector  # here: models of text need neither mtmd nor Pillow

        try:
            return LlamaProjector(spec.projector_path, self._model, options, max_tokens=lib.llama_n_ubatch(self._ctx))
        except ModelLoadError:
            lib.llama_free(self._ctx)
            lib.llama_model_free(self._model)
            raise

    def _insert_tokens(self) -> InsertTokens | None:
        readers = (lib.llama_vocab_fim_pre, lib.llama_vocab_fim_suf, lib.llama_vocab_fim_mid)
        prefix, suffix, middle = (read(self._vocab) for read in readers)
        if min(prefix, suffix, middle) < 0:
            return None
        texts = tuple(special_text(self._vocab, token) for token in (prefix, suffix, middle))
        return InsertTokens(prefix, suffix, middle, texts)

    @property
    def info(self) -> BackendInfo:
        return self._info

    @property
    def projector(self) -> LlamaProjector | None:
        return self._projector

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        return tokenize(self._vocab, text, add_special=add_special, parse_special=parse_special)

    def piece(self, token: int) -> bytes:
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = read_piece(self._vocab, token, special=False)
        return piece

    def special_piece(self, token: int) -> bytes:
        return read_piece(self._vocab, token, special=True)

    def is_eog(self, token: int) -> bool:
        return bool(lib.llama_vocab_is_eog(self._vocab, token))

    def new_tokenizer(self) -> Any:
        return new_tokenizer(self._vocab)

    def new_sampler(self, options: SamplingOptions, prompt: Sequence[int]) -> Sampler:
        if self._projector is not None:
            prompt = [token for token in prompt if token >= 0]
        return new_chain(options, prompt, vocab=self._vocab, n_vocab=self._info.n_vocab, n_ctx=self._info.n_ctx)

    def free_sampler(self, sampler: Sampler) -> None:
        if sampler is not None:
            lib.llama_sampler_free(sampler)

    def decode(self, batch: Batch) -> None:
        if self._rows is None or self._rows.batch is not batch:
            self._rows = RowsByStream(batch) if self._info.layout == "streams" else RowsInOrder(batch)
        self._place = self._rows.place
        self._decode(self._rows.native())

    def decode_media(self, batch: MediaBatch) -> None:
        native = bind_media(batch)
        self._place = int
        if batch.causal:
            self._decode(native)
            return
        lib.llama_set_causal_attn(self._ctx, False)
        try:
            self._decode(native)
        finally:
            lib.llama_set_causal_attn(self._ctx, True)

    def _decode(self, native: Any) -> None:
        decode_native(self._ctx, native, self._flag)

    def sample(self, sampler: Sampler, index: int, allowed: Allowed | None = None) -> int:
        if allowed is not None:
            return self._candidates.sample(sampler, self._logits(index), allowed)
        if sampler is None:
            return int(self._logits(index).argmax())
        return int(lib.llama_sampler_sample(sampler, self._ctx, self._place(index)))

    def _logits(self, index: int) -> npt.NDArray[np.float32]:
        """A view of llama.cpp's own buffer, valid until the next decode."""
        address = self._logits_address(self._ctx, self._place(index))
        return np.frombuffer((ctypes.c_float * self._info.n_vocab).from_address(address), np.float32)  # type: ignore[call-overload, no-any-return]

    def logprobs(self, index: int, token: int, n_top: int) -> TokenLogprob:
        return token_logprob(self._logits(index), token, n_top, self.piece)

    def prompt_logprobs(self, index: int, tokens: Sequence[int], n_top: int) -> list[TokenLogprob]:
        rows = range(index, index + len(tokens))
        piece = self.special_piece
        return [token_logprob(self._logits(row), token, n_top, piece) for row, token in zip(rows, tokens, strict=True)]

    def seq_rm(self, seq_id: int, start: int, end: int) -> bool:
        return bool(lib.llama_memory_seq_rm(self._memory, seq_id, start, end))

    def seq_cp(self, source: int, target: int, start: int, end: int) -> bool:
        if self._info.layout == "unified":
            lib.llama_memory_seq_cp(self._memory, source, target, start, end)
            return True
        # Between streams llama.cpp copies whole streams, and not before the next decode.
        state = self.seq_save(source, self.seq_size(source))
        return state is not None and self.seq_load(target, state)

    def seq_add(self, seq_id: int, start: int, end: int, delta: int) -> None:
        lib.llama_memory_seq_add(self._memory, seq_id, start, end, delta)

    def seq_size(self, seq_id: int) -> int:
        return int(lib.llama_state_seq_get_size(self._ctx, seq_id))

    def seq_save(self, seq_id: int, n_bytes: int) -> State | None:
        state = np.empty(n_bytes, np.uint8)
        n_saved = lib.llama_state_seq_get_data(self._ctx, state.ctypes.data_as(UINT8), n_bytes, seq_id)
        return state if n_saved == n_bytes else None

    def seq_load(self, seq_id: int, state: State) -> bool:
        n_bytes = lib.llama_state_seq_set_data(self._ctx, state.ctypes.data_as(UINT8), state.nbytes, seq_id)
        if n_bytes != state.nbytes:
            self.seq_rm(seq_id, -1, -1)
        return bool(n_bytes == state.nbytes)

    def open_embedder(self, *, n_cells: int) -> LlamaEmbedder:
        return LlamaEmbedder(self._model, self._options, self._adapters, n_cells=n_cells, n_ctx=self._info.n_ctx)

    def abort(self) -> None:
        self._flag.set()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._projector is not None:
                self._projector.close()
            lib.llama_free(self._ctx)
            lib.llama_model_free(self._model)


def _address_function(name: str) -> Any:
    """The same C function with a plain address as its result: ctypes' pointer objects cost more than the lookup."""
    function = lib._lib[name]
    function.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    function.restype = ctypes.c_void_p
    return function
