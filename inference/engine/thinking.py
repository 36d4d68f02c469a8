"""Where an answer is with its thinking: before it, in it, past it. Fed token by token on the decode thread.

What ends at a budget, or must not begin, is settled by tokens put in the model's mouth: ``take_forced`` gives them, to
be taken in place of sampled ones. Matching looks back over a marker's length only.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from inference.engine.backend import Backend
from inference.request import ChatPrompt, GenerateRequest, ThinkingSpan


class Phase(Enum):
    BEFORE = "before"
    INSIDE = "inside"
    OVER = "over"


class ThinkingWatch:
    """``is_over`` once the answer proper begins; a constraint holds from then on.

    ``start_tokens`` and ``end_tokens`` are the span's markers, tokenized, and ``marker_pieces`` those tokens' texts,
    since special ones have none otherwise. Where ``is_constrained``, whether the model thinks is not left to it: behind
    the prompt thinking is opened, or closed where the budget is 0, so that the constraint is sure to find its
    beginning.
    """

    def __init__(
        self,
        span: ThinkingSpan,
        *,
        is_open: bool,
        is_constrained: bool = False,
        start_tokens: list[int] | None = None,
        end_tokens: list[int] | None = None,
        marker_pieces: dict[int, bytes] | None = None,
    ) -> None:
        self.was_open = is_open
        self.n_tokens = 0
        self._phase = Phase.INSIDE if is_open else Phase.BEFORE
        self._budget = span.budget
        self._start, self._end = span.start.encode(), span.end.encode()
        self._end_tokens = end_tokens or []
        self._marker_pieces = marker_pieces or {}
        self._seen = b""
        self._forced: deque[int] = deque()
        if is_constrained and not is_open:
            self._phase = Phase.OVER if self._budget == 0 else self._phase
            self._forced.extend(start_tokens or [] if self._budget else [])
        self._check_budget()

    @property
    def is_over(self) -> bool:
        return self._phase is Phase.OVER

    def take_forced(self) -> int | None:
        return self._forced.popleft() if self._forced else None

    def feed(self, token: int, piece: bytes) -> bytes:
        """One more token of the answer, and its text. Returns what is known by now to stand behind the thoughts, of
        this token and of those whose place was not known."""
        if self.is_over:
            return piece
        piece = self._marker_pieces.get(token, piece)
        if self._phase is Phase.BEFORE:
            self._look_for_start(piece)
        else:
            self._look_for_end(piece)
        return self._seen if self.is_over else b""

    def _look_for_start(self, piece: bytes) -> None:
        self._seen = (self._seen + piece).lstrip()
        if self._seen.startswith(self._start):
            rest, self._seen = self._seen[len(self._start) :], b""
            self._phase = Phase.INSIDE
            self._look_for_end(rest)
            self.n_tokens = 0
            self._check_budget()
        elif not self._start.startswith(self._seen):
            self._phase = Phase.OVER

    def _look_for_end(self, piece: bytes) -> None:
        self.n_tokens += 1
        self._seen += piece
        if self._end in self._seen:
            self._phase = Phase.OVER
            self._seen = self._seen.partition(self._end)[2]
            self._forced.clear()
            return
        self._seen = self._seen[-len(self._end) :]
        self._check_budget()

    def _check_budget(self) -> None:
        """Never within a character, whose rest would be missing behind the end."""
        spent = self._phase is Phase.INSIDE and 0 <= self._budget <= self.n_tokens
        if spent and not self._forced and not splits_character(self._seen):
            self._forced.extend(self._end_tokens)


def splits_character(data: bytes) -> bool:
    """Whether UTF-8 ends within a character. Its beginning may be cut anywhere."""
    for n_behind, byte in enumerate(reversed(data[-3:]), 1):
        if byte >= 0b1100_0000:
            length = 2 if byte < 0b1110_0000 else 3 if byte < 0b1111_0000 else 4
            return n_behind < length
        if byte < 0b1000_0000:
            return False
    return False


def watch_thinking(backend: Backend, request: GenerateRequest, text: str) -> ThinkingWatch | None:
    """The watch for a request whose prompt is ``text``; None where it has no thinking to watch, as where a message is
    continued that is past it. On the prep threads."""
    span = request.thinking
    if span is None or not span.start or not span.end:
        return None
    is_open = opens_thinking(request, text, span)
    if _continues(request) and not is_open:
        return None
    start_tokens = backend.tokenize(span.start, add_special=False, parse_special=True)
    end_tokens = backend.tokenize(span.end, add_special=False, parse_special=True)
    return ThinkingWatch(
        span,
        is_open=is_open,
        is_constrained=request.constraint is not None,
        start_tokens=start_tokens,
        end_tokens=end_tokens,
        marker_pieces={token: backend.special_piece(token) for token in (*start_tokens, *end_tokens)},
    )


def preserved_pieces(backend: Backend, texts: tuple[str, ...]) -> dict[int, bytes]:
    """The special tokens among ``texts`` with their texts; a text that is no token of this model needs no keeping. On
    the prep threads."""
    tokens = [backend.tokenize(text, add_special=False, parse_special=True) for text in texts]
    return {each[0]: backend.special_piece(each[0]) for each in tokens if len(each) == 1}


def opens_thinking(request: GenerateRequest, text: str, span: ThinkingSpan) -> bool:
    """Whether the prompt ends inside the span: its template ends with the opening (Ollama's rule, server/routes.go),
    or the message that is to be continued has opened it."""
    if _continues(request):
        final = request.prompt.messages[-1].content  # type: ignore[union-attr]
        return final.rfind(span.start) > final.rfind(span.end)
    return text.rstrip().endswith(span.start.strip())


def _continues(request: GenerateRequest) -> bool:
    prompt = request.prompt
    return isinstance(prompt, ChatPrompt) and prompt.continue_final_message and bool(prompt.messages)
