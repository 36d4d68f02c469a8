"""How likely the model finds its prompt: which outputs of a prefill are read for it, and what becomes of them.

The output at a token is the model's guess of the next one, so token i of a prompt is scored by the output at i - 1, and
the first by none. Everything here is the decode thread's.
"""

from __future__ import annotations

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inference.engine.backend import Backend
from inference.events import PromptLogprobs, TokenLogprob

if TYPE_CHECKING:
    from inference.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Scored:
    """``n`` tokens of a prompt from ``first`` on are scored by the outputs at ``row``, ``row + 1``… of a batch."""

    first: int
    n: int
    row: int = 0


def to_score(sequence: Sequence, start: int, n: int) -> Scored | None:
    """What the outputs of ``n`` tokens of it, decoded from ``start`` on, say of its prompt; ``row`` counts from there.

    None where nothing is to be scored (any more): a sequence that lost its cells does not say everything twice.
    """
    if sequence.request.prompt_logprobs is None:
        return None
    first = max(start + 1, sequence.n_scored)
    n_scored = min(start + n + 1, sequence.n_prompt) - first
    return Scored(first, n_scored, first - 1 - start) if n_scored > 0 else None


def fitting(scored: Scored, n: int, n_outputs: int) -> tuple[int, Scored | None]:
    """(tokens to decode, what they score), of ``n`` that would score ``scored``, with ``n_outputs`` at most for it."""
    if scored.n <= n_outputs:
        return n, scored
    return scored.row + n_outputs, replace(scored, n=n_outputs) if n_outputs else None


def prompt_logprobs(backend: Backend, sequence: Sequence, scored: Scored) -> PromptLogprobs:
    """After the decode."""
    tokens: Tokens[int] = sequence.tokens.view(scored.first, scored.first + scored.n).tolist()
    logprobs = backend.prompt_logprobs(scored.row, tokens, sequence.request.prompt_logprobs or 0)
    sequence.n_scored = scored.first + scored.n
    return PromptLogprobs(scored.first, tuple(logprobs))


def first_token(backend: Backend, sequence: Sequence) -> PromptLogprobs:
    token = int(sequence.tokens.view(0, 1)[0])
    sequence.n_scored = 1
    return PromptLogprobs(0, (TokenLogprob(token, backend.special_piece(token), 0.0),))
