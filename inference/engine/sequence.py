"""One request on its way through the engine: WAITING → PREFILL → DECODE → FINISHED."""

from __future__ import annotations

from collections.abc import Sequence as Tokens
from enum import Enum

from inference.constrain import Matcher
from inference.engine.backend import Sampler
from inference.engine.detokenizer import Detokenizer
from inference.engine.int_buffer import IntBuffer
from inference.engine.lazy import LazyMatcher
from inference.engine.media.chunks import MediaChunk
from inference.engine.slot import Slot
from inference.engine.thinking import ThinkingWatch
from inference.request import GenerateRequest


class State(Enum):
    """WAITING: without a lane; PREFILL: more than one token to decode, or the first; DECODE: one token a step."""

    WAITING = "waiting"
    PREFILL = "prefill"
    DECODE = "decode"
    FINISHED = "finished"


class Sequence:
    """``tokens`` are the prompt and the answer so far; those behind ``n_past`` are still to be decoded.

    ``media`` are what its placeholders stand for, by the first of each.
    ``preserved`` are special tokens whose texts stay in the answer; ``thinking`` is None where there is none to watch.
    ``matcher`` says which tokens may come next, where not all may; it sees every token of the answer.
    ``lazy`` does, from where a call begins.
    ``ticket`` is its place in the queue, ``arrival`` its place among all requests: the youngest is preempted first.
    Owned by the decode thread once it is added to the scheduler.
    """

    def __init__(
        self,
        request_id: int,
        request: GenerateRequest,
        tokens: Tokens[int],
        *,
        sampler: Sampler,
        arrival: int,
        submitted_at: float,
        n_dropped_messages: int = 0,
        n_dropped_tokens: int = 0,
        preserved: dict[int, bytes] | None = None,
        thinking: ThinkingWatch | None = None,
        media: dict[int, MediaChunk] | None = None,
        matcher: Matcher | None = None,
        lazy: LazyMatcher | None = None,
    ) -> None:
        self.request_id = request_id
        self.request = request
        # Cells of another batch differ in their last bits from those of a prefill of its own, which is enough for
        # another token somewhere: a request whose seed asks for the same answer each time shares cells with nobody
        # but the other answers to it.
        # One whose prompt is scored needs an output for each of its tokens, and so decodes them all.
        self.shares_cells = request.sampling.seed < 0 and request.prompt_logprobs is None
        group = request.group if request.prompt_logprobs is None else ""
        self.scope = request.cache_scope if self.shares_cells else f"{request.cache_scope}\0{group or request_id}"
        self.arrival = arrival
        self.ticket = arrival
        self.tokens = IntBuffer(tokens)
        self.n_prompt = len(tokens)
        self.n_dropped_messages = n_dropped_messages
        self.n_dropped_tokens = n_dropped_tokens
        self.state = State.WAITING
        self.slot: Slot | None = None
        self.leader: Sequence | None = None
        self.n_shared = 0
        self.sampler = sampler
        self.detokenizer = Detokenizer(request.stop)
        self.preserved = preserved or {}
        self.thinking = thinking
        self.media = media or {}
        self.matcher = matcher
        self.lazy = lazy
        self.n_cached = 0
        self.n_scored = 0
        self.n_generated = 0
        self.n_turn = 0
        self.submitted_at = submitted_at
        self.started_at: float | None = None
        self.first_token_at: float | None = None

    @property
    def n_past(self) -> int:
        """Tokens whose cells are in memory."""
        return self.slot.n_past if self.slot is not None else 0

    @property
    def n_pending(self) -> int:
        return len(self.tokens) - self.n_past

    def follow(self, leader: Sequence, n_shared: int) -> None:
        """Waits until ``leader`` has prefilled the ``n_shared`` tokens they have in common."""
        self.leader = leader
        self.n_shared = n_shared

    @property
    def is_held(self) -> bool:
        """Whether the prefix it waits for is still being prefilled, by a leader that is still at it."""
        leader = self.leader
        return leader is not None and leader.state is State.PREFILL and leader.n_past < self.n_shared
