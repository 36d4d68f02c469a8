"""What the scheduler needs of llama.cpp, and nothing more.

One decode thread calls everything here except ``tokenize``, ``piece``, ``special_piece``, ``is_eog``, ``new_tokenizer``
and ``new_sampler`` (any thread: they only read the vocabulary) and ``abort`` (any thread, at any time).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from inference.constrain.matcher import Allowed
from inference.engine.batch import Batch
from inference.engine.cells import Layout
from inference.engine.embedding.embedder import Embedder
from inference.engine.embedding.ranking import RankFormat
from inference.engine.insert import InsertTokens
from inference.engine.media.chunks import MediaBatch, Projector
from inference.engine.swap import State
from inference.events import TokenLogprob
from inference.request import SamplingOptions
from inference.vocabulary import VocabularyInfo

# A backend's own handle of one request's sampling state; opaque to the scheduler.
Sampler = Any


class Aborted(Exception):
    """``abort`` stopped the decode. What the batch left in memory is unknown past each sequence's first position."""


class CacheFull(Exception):
    """No free cells for the batch. Nothing of it is in memory."""


class BackendInfo(Struct, frozen=True, kw_only=True):
    """What is fixed once a model is loaded. ``n_ctx`` tokens for one sequence, ``n_cells`` for all of them together.

    ``n_outputs`` of a decode's tokens may have one, and more than ``n_seq_max`` can.
    ``layout``, ``max_idle_cells``: see ``CellPlan``; ``swap_bytes``: see ``LoadOptions``. ``chat_template`` is Jinja
    source: the specification's, else the file's own, None where there is neither; ``bos`` and ``eos`` are texts for it.
    ``has_mrope``: an image takes fewer positions than it has tokens.
    ``size_vram_bytes`` is what the load has taken of the GPUs' memory. ``insert`` is None where the vocabulary has no
    tokens for a text in the middle, ``rank`` for a model that does not rank.
    """

    n_ctx: int
    n_cells: int
    n_batch: int
    n_seq_max: int
    n_outputs: int = 1
    n_vocab: int
    can_shift: bool
    max_idle_cells: int
    layout: Layout = "unified"
    swap_bytes: int = 0
    add_bos: bool
    bos: str = ""
    eos: str = ""
    chat_template: str | None = None
    size_vram_bytes: int = 0
    has_mrope: bool = False
    architecture: str = ""
    insert: InsertTokens | None = None
    rank: RankFormat | None = None
    vocabulary: VocabularyInfo | None = None


class Backend(Protocol):
    @property
    def info(self) -> BackendInfo: ...

    @property
    def projector(self) -> Projector | None:
        """What makes images and sound into embeddings; None for a model of text."""

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]: ...

    def piece(self, token: int) -> bytes:
        """The bytes a token adds to the text; empty for control tokens. May end in the middle of a character."""

    def special_piece(self, token: int) -> bytes:
        """The same, but a control token has the text it is written as."""

    def is_eog(self, token: int) -> bool: ...

    def new_tokenizer(self) -> Any:
        """llguidance's view of the vocabulary (an LLTokenizer). Takes half a second; any thread."""

    def new_sampler(self, options: SamplingOptions, prompt: Sequence[int]) -> Sampler:
        """Token penalties see the prompt too, as llama.cpp's own server does."""

    def free_sampler(self, sampler: Sampler) -> None:
        """None is no sampler, and fine."""

    def decode(self, batch: Batch) -> None:
        """One forward pass. Raises Aborted, CacheFull or inference.errors.DecodeFailed."""

    def decode_media(self, batch: MediaBatch) -> None:
        """``decode`` for embeddings; an output has index ``batch.n_tokens - 1``."""

    def sample(self, sampler: Sampler, index: int, allowed: Allowed | None = None) -> int:
        """The next token from the output at ``index`` in the last batch, one of ``allowed`` where that is given."""

    def logprobs(self, index: int, token: int, n_top: int) -> TokenLogprob: ...

    def prompt_logprobs(self, index: int, tokens: Sequence[int], n_top: int) -> list[TokenLogprob]:
        """The first token's under the output at ``index``, the next one's under the next output, and so on. Texts are
        those of ``special_piece``."""

    def seq_rm(self, seq_id: int, start: int, end: int) -> bool:
        """Takes the sequence off its cells at positions [start, end), -1 for the end. False: it can't be cut there."""

    def seq_cp(self, source: int, target: int, start: int, end: int) -> bool:
        """Puts ``target`` on the same cells, of which no bytes are copied. In a cache of streams it gets a copy of all
        that ``source`` holds, whatever the range. False: it holds nothing."""

    def seq_add(self, seq_id: int, start: int, end: int, delta: int) -> None:
        """Moves cells by ``delta`` positions, for every sequence on them."""

    def seq_size(self, seq_id: int) -> int:
        """The bytes that ``seq_save`` would give."""

    def seq_save(self, seq_id: int, n_bytes: int) -> State | None:
        """A copy of all the sequence holds, of ``seq_size`` bytes; None where llama.cpp can't give it."""

    def seq_load(self, seq_id: int, state: State) -> bool:
        """Puts a copy into an empty sequence, in cells of its own. False: nothing of it is in memory."""

    def open_embedder(self, *, n_cells: int) -> Embedder:
        """A context for embeddings beside the one for text. See ``EmbedSource``."""

    def abort(self) -> None:
        """Ends the decode that is running, within milliseconds; if none runs, at worst the next one."""

    def close(self) -> None: ...


class EmbedSource(Protocol):
    """A loaded model that embedders can be made of; every ``Backend`` is one."""

    @property
    def info(self) -> BackendInfo: ...

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]: ...

    def special_piece(self, token: int) -> bytes: ...

    def open_embedder(self, *, n_cells: int) -> Embedder:
        """Room for ``n_cells`` tokens at least, where the model has a cache. Raises ModelLoadError, NotSupported."""

    def close(self) -> None: ...
