"""From the inputs of an EmbedRequest to tokens that fit the context. Any thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from inference.engine.backend import EmbedSource
from inference.engine.embedding.ranking import PairTokens
from inference.errors import InputTooLong, InvalidRequest, NotSupported
from inference.request import EmbedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedInputs:
    """``n_dropped`` tokens of all inputs together did not fit."""

    tokens: list[list[int]]
    n_dropped: int = 0


class EmbedPreparer:
    """A token list is taken as it stands; a text gets the tokens that its vocabulary puts around every text."""

    def __init__(self, source: EmbedSource) -> None:
        self._source = source

    def prepare(self, request: EmbedRequest) -> PreparedInputs:
        """Raises InputTooLong, InvalidRequest."""
        n_ctx = request.context_length(self._source.info.n_ctx)
        if request.query is not None:
            return self._pairs(request, request.query, n_ctx)
        whole = [self._text(each) if isinstance(each, str) else self._checked(each) for each in request.inputs]
        longest = max(map(len, whole), default=0)
        if longest > n_ctx and not request.truncate:
            raise InputTooLong(n_input=longest, n_ctx=n_ctx)
        return PreparedInputs(
            tokens=[self._cut(tokens, n_ctx) for tokens in whole],
            n_dropped=sum(max(0, len(tokens) - n_ctx) for tokens in whole),
        )

    def _pairs(self, request: EmbedRequest, query: str, n_ctx: int) -> PreparedInputs:
        if self._source.info.rank is None:
            raise NotSupported("this model does not rank texts")
        form = PairTokens(self._source, self._source.info.rank)
        documents = [each for each in request.inputs if isinstance(each, str)]
        whole = [form.whole(query, each) for each in documents]
        fitting = [
            tokens if len(tokens) <= n_ctx or not request.truncate else form.pair(query, each).cut(n_ctx)
            for tokens, each in zip(whole, documents, strict=True)
        ]
        longest = max(map(len, fitting), default=0)
        if longest > n_ctx:
            raise InputTooLong(n_input=longest, n_ctx=n_ctx)
        if not all(fitting) or len(fitting) < len(request.inputs):
            raise InvalidRequest("the input is empty")
        return PreparedInputs(tokens=fitting, n_dropped=sum(map(len, whole)) - sum(map(len, fitting)))

    def _cut(self, tokens: list[int], n_ctx: int) -> list[int]:
        """Models that end every text with a token of their own have never seen one without it."""
        if len(tokens) <= n_ctx:
            return tokens
        n_end = min(self._n_end, n_ctx - 1)
        return tokens[: n_ctx - n_end] + tokens[len(tokens) - n_end :]

    def _text(self, text: str) -> list[int]:
        tokens = self._source.tokenize(text, add_special=True, parse_special=True)
        if not tokens:
            # An empty text is what every text begins with.
            info = self._source.info
            tokens = self._source.tokenize(info.bos or info.eos, add_special=False, parse_special=True)
        if not tokens:
            raise InvalidRequest("the input is empty")
        return tokens

    def _checked(self, tokens: tuple[int, ...]) -> list[int]:
        if not tokens:
            raise InvalidRequest("the input is empty")
        if not all(0 <= token < self._source.info.n_vocab for token in tokens):
            raise InvalidRequest("input must be made of tokens of this model")
        return list(tokens)

    @cached_property
    def _n_end(self) -> int:
        """Tokens behind every text: an end-of-sequence or a separator, or none."""
        plain = self._source.tokenize("a", add_special=False, parse_special=False)
        full = self._source.tokenize("a", add_special=True, parse_special=False)
        n_begin = next((i for i in range(len(full)) if full[i : i + len(plain)] == plain), len(full) - len(plain))
        return len(full) - len(plain) - n_begin
