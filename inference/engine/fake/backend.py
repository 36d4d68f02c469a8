"""A backend without a model: deterministic, and strict where llama.cpp would only go wrong silently.

Its vocabulary is the 256 bytes after three control tokens, the third of which is written ``<|fake|>``. By default an
answer repeats the prompt, read back from the cells, so that a wrong cell shows as a wrong answer. ``spec.model_path``
sets it up, also across processes: ``fake:delay=0.01&length=50``. Keys: see ``FakeSettings``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import numpy as np
from msgspec import Struct

from inference.config import KVLayout, LoadOptions
from inference.constrain.matcher import Allowed
from inference.engine.backend import Aborted, BackendInfo, CacheFull
from inference.engine.batch import Batch
from inference.engine.cells import plan_cells
from inference.engine.embedding.ranking import RankFormat
from inference.engine.fake.embed import FakeEmbedder
from inference.engine.fake.memory import FakeMemory
from inference.engine.fake.vocabulary import (
    BOS,
    EOS,
    N_CONTROL,
    N_VOCAB,
    SPECIAL,
    SPECIAL_TEXTS,
    VOCABULARY,
    byte_tokens,
    new_tokenizer,
    special_tokens,
)
from inference.engine.media.chunks import MediaBatch
from inference.engine.swap import State
from inference.errors import DecodeFailed, ModelLoadError
from inference.events import TokenLogprob
from inference.request import SamplingOptions
from inference.spec import ModelSpec

if TYPE_CHECKING:
    from inference.engine.fake.media import FakeProjector

DEFAULT_IMAGE_TOKENS = 16
# What a constrained answer goes on with where its own next token is forbidden: whatever brings it to its end.
CLOSING = byte_tokens('"}],:')


class FakeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``delay`` seconds for a decode and ``token_delay`` more for each token of it; ``length`` tokens of every answer,
    -1 without end; ``text`` repeated in place of the prompt; ``load_delay`` seconds, ``load_error`` its message;
    ``layout`` of the cache, ``cells`` (of each stream, where it is one of streams), ``seqs`` and ``batch`` in place of
    what the load options give, ``idle`` of what idle prefixes may hold, ``swap`` bytes for those that are swapped out,
    4 a token;
    ``recurrent``: memory that can't be cut; ``shift`` 0: cells that can't be moved; ``fail_token``: a decode with this
    token fails; ``image_tokens`` of every image where the model has a projector, or anyhow if not 0, and
    ``image_delay`` seconds to encode it; ``mrope`` and ``image_causal`` 0: how they are placed and decoded;
    ``embed_split`` 0: an input to embed can't be decoded in pieces; ``outputs`` of a decode."""

    delay: float = 0.0
    token_delay: float = 0.0
    length: int = 50
    text: str = ""
    load_delay: float = 0.0
    load_error: str = ""
    layout: KVLayout = "unified"
    cells: int = 0
    seqs: int = 0
    batch: int = 0
    idle: int = -1
    swap: int = 0
    recurrent: bool = False
    shift: bool = True
    fail_token: int = -1
    image_tokens: int = 0
    image_delay: float = 0.0
    image_causal: bool = True
    mrope: bool = False
    embed_split: bool = True
    outputs: int = 0


class FakeSampler:
    __slots__ = ("n_prompt", "n_sampled")

    def __init__(self, n_prompt: int) -> None:
        self.n_prompt = n_prompt
        self.n_sampled = 0


class FakeBackend:
    def __init__(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        *,
        on_progress: Callable[[float], None] = lambda fraction: None,
    ) -> None:
        self.settings = parse_settings(spec.model_path)
        self._load(on_progress)
        plan = plan_cells(spec, msgspec.structs.replace(options, kv_layout=self.settings.layout))
        n_streams = (self.settings.seqs or plan.n_seq_max) if plan.layout == "streams" else 0
        self._info = BackendInfo(
            n_ctx=plan.n_ctx,
            n_cells=max(1, n_streams) * self.settings.cells or plan.n_cells,
            n_batch=self.settings.batch or options.num_batch,
            n_seq_max=self.settings.seqs or plan.n_seq_max,
            n_outputs=self.settings.outputs or 2 * (self.settings.seqs or plan.n_seq_max),
            n_vocab=N_VOCAB,
            layout=plan.layout,
            max_idle_cells=plan.n_cells if self.settings.idle < 0 else self.settings.idle,
            swap_bytes=self.settings.swap,
            can_shift=self.settings.shift and not self.settings.recurrent and not self.settings.mrope,
            add_bos=True,
            bos="<s>",
            eos="</s>",
            chat_template=spec.chat_template,
            has_mrope=self.settings.mrope,
            vocabulary=VOCABULARY,
            rank=RankFormat(before=(BOS,), between=(EOS,)),
        )
        self._projector = self._new_projector() if spec.projector_path or self.settings.image_tokens else None
        self.memory = FakeMemory(
            self._info.n_cells,
            can_cut=not self.settings.recurrent,
            has_mrope=self.settings.mrope,
            n_streams=n_streams,
        )
        self._aborted = threading.Event()
        self._rows: list[int] = []
        self._row_tokens = np.zeros(0, np.int32)
        self._outputs = np.zeros(0, np.int8)
        self.decoded: list[int] = []  # tokens of each decode, for tests

    def _new_projector(self) -> FakeProjector:
        from inference.engine.fake.media import FakeProjector  # here: it brings Pillow

        return FakeProjector(
            mark=SPECIAL,
            n_tokens=self.settings.image_tokens or DEFAULT_IMAGE_TOKENS,
            has_mrope=self.settings.mrope,
            causal=self.settings.image_causal,
            delay=self.settings.image_delay,
        )

    def _load(self, on_progress: Callable[[float], None]) -> None:
        for step in range(1, 11):
            time.sleep(self.settings.load_delay / 10)
            on_progress(step / 10)
        if self.settings.load_error:
            raise ModelLoadError(self.settings.load_error)

    @property
    def info(self) -> BackendInfo:
        return self._info

    @property
    def projector(self) -> FakeProjector | None:
        return self._projector

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        return [BOS] * add_special + (special_tokens(text) if parse_special else byte_tokens(text))

    def piece(self, token: int) -> bytes:
        return bytes([token - N_CONTROL]) if token >= N_CONTROL else b""

    def special_piece(self, token: int) -> bytes:
        return SPECIAL_TEXTS[token] if token < N_CONTROL else self.piece(token)

    def is_eog(self, token: int) -> bool:
        return token == EOS

    def new_tokenizer(self) -> Any:
        return new_tokenizer()

    def new_sampler(self, options: SamplingOptions, prompt: Sequence[int]) -> FakeSampler:
        return FakeSampler(len(prompt))

    def free_sampler(self, sampler: FakeSampler | None) -> None:
        if sampler is not None:
            sampler.n_prompt = -1

    def decode(self, batch: Batch) -> None:
        tokens = batch.tokens[: batch.n_tokens]
        try:
            self._wait(batch.n_tokens)
        finally:
            self._aborted.clear()
        if self.settings.fail_token in tokens:
            raise DecodeFailed("llama.cpp could not decode a batch")
        if not self.memory.fits(batch):
            raise CacheFull
        self.memory.store(batch)
        self._rows = batch.seq_ids[: batch.n_tokens].tolist()
        self._row_tokens = tokens.copy()
        self._outputs = batch.outputs[: batch.n_tokens].copy()
        assert self._outputs.sum() <= self._info.n_outputs, "more outputs than there is room for"
        self.decoded.append(batch.n_tokens)

    def decode_media(self, batch: MediaBatch) -> None:
        try:
            self._wait(batch.n_tokens)
        finally:
            self._aborted.clear()
        assert batch.embeddings.tobytes() == batch.ids.tobytes(), "another image's embeddings"
        assert batch.causal or batch.n_tokens == self.settings.image_tokens, "a part of an image that needs all of it"
        if not self.memory.has_room(batch.n_tokens):
            raise CacheFull
        self.memory.store_media(batch)
        self._rows = [batch.seq_id] * batch.n_tokens
        self.decoded.append(batch.n_tokens)

    def _wait(self, n_tokens: int) -> None:
        seconds = self.settings.delay + self.settings.token_delay * n_tokens
        if self._aborted.wait(seconds) if seconds else self._aborted.is_set():
            raise Aborted

    def sample(self, sampler: FakeSampler, index: int, allowed: Allowed | None = None) -> int:
        assert sampler.n_prompt >= 0, "the sampler was freed"
        token = self._wanted(sampler, index)
        if allowed is None or allowed[token]:
            return token
        return next((each for each in CLOSING if allowed[each]), int(allowed.nonzero()[0][-1]))

    def _wanted(self, sampler: FakeSampler, index: int) -> int:
        n_sampled, sampler.n_sampled = sampler.n_sampled, sampler.n_sampled + 1
        if 0 <= self.settings.length <= n_sampled:
            return EOS
        if self.settings.text:
            answer = special_tokens(self.settings.text)
            return answer[n_sampled % len(answer)]
        cells = self.memory.tokens(self._rows[index])
        token = cells[(len(cells) - sampler.n_prompt) % len(cells)]
        return token if token >= 0 else SPECIAL

    def logprobs(self, index: int, token: int, n_top: int) -> TokenLogprob:
        ranks = [(token + rank) % N_VOCAB for rank in range(n_top)]
        top = tuple(TokenLogprob(each, self.piece(each), -float(rank)) for rank, each in enumerate(ranks))
        return TokenLogprob(token, self.piece(token), 0.0, top)

    def prompt_logprobs(self, index: int, tokens: Sequence[int], n_top: int) -> list[TokenLogprob]:
        return [self._guess(index + offset, token, n_top) for offset, token in enumerate(tokens)]

    def _guess(self, row: int, token: int, n_top: int) -> TokenLogprob:
        """It guesses the row's own token again, and every next one in the vocabulary a tenth less."""
        assert self._outputs[row], "a row without an output"
        own = int(self._row_tokens[row])
        top = tuple(
            TokenLogprob(each, self.special_piece(each), -rank / 10)
            for rank in range(n_top)
            for each in [(own + rank) % N_VOCAB]
        )
        return TokenLogprob(token, self.special_piece(token), -((token - own) % N_VOCAB) / 10, top)

    def seq_rm(self, seq_id: int, start: int, end: int) -> bool:
        return self.memory.seq_rm(seq_id, start, end)

    def seq_cp(self, source: int, target: int, start: int, end: int) -> bool:
        return self.memory.seq_cp(source, target, start, end)

    def seq_add(self, seq_id: int, start: int, end: int, delta: int) -> None:
        self.memory.seq_add(seq_id, start, end, delta)

    def seq_size(self, seq_id: int) -> int:
        return 4 * len(self.memory.tokens(seq_id))

    def seq_save(self, seq_id: int, n_bytes: int) -> State | None:
        return np.array(self.memory.save(seq_id), np.int32).view(np.uint8)

    def seq_load(self, seq_id: int, state: State) -> bool:
        return self.memory.load(seq_id, state.view(np.int32).tolist())

    def open_embedder(self, *, n_cells: int) -> FakeEmbedder:
        return FakeEmbedder(self._info, self.settings, n_cells=n_cells)

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None:
        self._aborted.set()


def parse_settings(model_path: str) -> FakeSettings:
    """Anything but a ``fake:`` path gives the defaults: tests may name a real file and ask for the fake backend."""
    scheme, _, query = model_path.partition(":")
    return msgspec.convert(dict(parse_qsl(query)) if scheme == "fake" else {}, FakeSettings, strict=False)
