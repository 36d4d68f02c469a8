"""From an output of the model to events: sample, find the end, make text. On the decode thread, no I/O."""

from __future__ import annotations

from collections.abc import Callable

from inference.engine.backend import Backend
from inference.engine.media.placeholders import whole_spans
from inference.engine.sequence import Sequence, State
from inference.engine.slots import Slots
from inference.events import Event, Finished, FinishReason, TextDelta

Events = list[tuple[int, Event]]

# Ollama's bound on a generation nothing else ends (llm/llama_server.go): so many contexts.
MAX_CONTEXTS = 10


class Completion:
    def __init__(self, backend: Backend, slots: Slots, clock: Callable[[], float]) -> None:
        self._backend = backend
        self._slots = slots
        self._clock = clock

    def advance(self, sequence: Sequence, row: int) -> Events:
        """Samples one token from the output at ``row``. Sets FINISHED where the answer ends with it.

        Raises InvalidConstraint where the request's constraint can't be followed any further.
        """
        if sequence.first_token_at is None:
            sequence.first_token_at = self._clock()
        if sequence.request.num_predict == 0:
            return self.finish(sequence, "length")
        forced = _forced(sequence)
        token = self._sample(sequence, row) if forced is None else forced
        if forced is None and self._backend.is_eog(token):
            return self._end_logprob(sequence, row, token) + self.finish(sequence, "stop")
        token, piece = self._admit(sequence, token)
        sequence.tokens.append(token)
        sequence.n_generated += 1
        events = self._text(sequence, row, token, piece)
        if sequence.detokenizer.stop_sequence is not None or _is_complete(sequence):
            return events + self.finish(sequence, "stop")
        if self._reached_limit(sequence):
            return events + self.finish(sequence, "length")
        if len(sequence.tokens) >= self._n_ctx(sequence):
            self._shift(sequence)
        return events

    def _sample(self, sequence: Sequence, row: int) -> int:
        holder = sequence.matcher or sequence.lazy
        allowed = holder.allowed() if holder is not None else None
        return self._backend.sample(sequence.sampler, row, allowed)

    def _admit(self, sequence: Sequence, token: int) -> tuple[int, bytes]:
        """The token to be taken, which may be another one, and its text."""
        piece = self._piece(sequence, token)
        text = piece if sequence.thinking is None else sequence.thinking.feed(token, piece)
        if sequence.matcher is not None:
            sequence.matcher.accept(token)
        elif sequence.lazy is not None:
            admitted = sequence.lazy.admit(token, piece, text)
            if admitted != token:
                return admitted, self._piece(sequence, admitted)
        return token, piece

    def _piece(self, sequence: Sequence, token: int) -> bytes:
        piece = sequence.preserved.get(token)
        return self._backend.piece(token) if piece is None else piece

    def _text(self, sequence: Sequence, row: int, token: int, piece: bytes) -> Events:
        n_top = sequence.request.top_logprobs
        logprob = None if n_top is None else self._backend.logprobs(row, token, n_top)
        return _event(sequence, sequence.detokenizer.feed(piece, logprob))

    def _end_logprob(self, sequence: Sequence, row: int, token: int) -> Events:
        """Who asks for the prompt's logprobs counts on one more of the answer (lm-eval takes the last away): the end is
        a token of it, too, though there is no text to it."""
        n_top = sequence.request.top_logprobs
        if n_top is None or sequence.request.prompt_logprobs is None:
            return []
        (logprob,) = self._backend.prompt_logprobs(row, [token], n_top)
        return _event(sequence, TextDelta("", 0, (logprob,)))

    def _reached_limit(self, sequence: Sequence) -> bool:
        n_ctx = self._n_ctx(sequence)
        most = MAX_CONTEXTS * n_ctx
        wanted = sequence.request.num_predict
        if sequence.n_generated >= (min(wanted, most) if wanted >= 0 else most):
            return True
        return len(sequence.tokens) >= n_ctx and not sequence.request.shift

    def _n_ctx(self, sequence: Sequence) -> int:
        return sequence.request.context_length(self._backend.info.n_ctx)

    def _shift(self, sequence: Sequence) -> None:
        """The context is full: half of what comes after the first ``num_keep`` tokens is dropped."""
        n_keep, n_discard = shift_range(sequence.request.num_keep, len(sequence.tokens))
        if sequence.media:
            n_keep, n_discard = whole_spans(sequence.tokens.view(), n_keep, n_discard)
        sequence.tokens.delete(n_keep, n_keep + n_discard)
        assert sequence.slot is not None, "it was just decoded"
        self._slots.shift(sequence.slot, n_keep, n_discard)
        if sequence.n_pending > 1:
            sequence.state = State.PREFILL

    def finish(self, sequence: Sequence, reason: FinishReason) -> Events:
        sequence.state = State.FINISHED
        events = _event(sequence, sequence.detokenizer.flush())
        now = self._clock()
        started = sequence.started_at if sequence.started_at is not None else now
        first = sequence.first_token_at if sequence.first_token_at is not None else now
        finished = Finished(
            reason=reason,
            n_prompt=sequence.n_prompt,
            n_cached=sequence.n_cached,
            n_generated=sequence.n_generated,
            prompt_seconds=first - started,
            decode_seconds=now - first,
            stop_sequence=sequence.detokenizer.stop_sequence,
            context=_context(sequence) if sequence.request.return_context else (),
        )
        return [*events, (sequence.request_id, finished)]

    def free(self, sequence: Sequence) -> None:
        self._backend.free_sampler(sequence.sampler)
        sequence.sampler = None


def _context(sequence: Sequence) -> tuple[int, ...]:
    """Prompt and answer, without what only this server knows the meaning of: the places of images."""
    tokens = sequence.tokens.view()
    return tuple((tokens[tokens >= 0] if sequence.media else tokens).tolist())


def shift_range(num_keep: int, n_tokens: int) -> tuple[int, int]:
    """(tokens kept at the start, tokens dropped after them); a negative ``num_keep`` keeps as many as may be kept."""
    most = max(0, n_tokens - 2)
    n_keep = most if num_keep < 0 else min(num_keep, most)
    return n_keep, max(1, (n_tokens - n_keep) // 2)


def _forced(sequence: Sequence) -> int | None:
    """A token that is put in the model's mouth."""
    forced = sequence.thinking.take_forced() if sequence.thinking is not None else None
    return sequence.lazy.take_forced() if forced is None and sequence.lazy is not None else forced


def _is_complete(sequence: Sequence) -> bool:
    """Whether a constraint leaves nothing to say: the end need not be decoded."""
    holder = sequence.matcher or sequence.lazy
    return holder is not None and holder.is_complete


def _event(sequence: Sequence, delta: TextDelta | None) -> Events:
    return [] if delta is None else [(sequence.request_id, delta)]
