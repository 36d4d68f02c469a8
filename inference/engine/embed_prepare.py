"""From the inputs of an EmbedRequest to tokens that fit the context. Any thread."""

from __future__ import annotations

from functools import cached_property

from inference.engine.embed import EmbedSource
from inference.errors import InputTooLong, InvalidRequest
from inference.request import EmbedRequest


class EmbedPreparer:
    """A token list is taken as it stands; a text gets the tokens that its vocabulary puts around every text."""

    def __init__(self, source: EmbedSource) -> None:
        self._source = source

    def prepare(self, request: EmbedRequest) -> list[list[int]]:
        """The tokens of each input. Raises InputTooLong, InvalidRequest."""
        n_ctx = request.context_length(self._source.info.n_ctx)
        return [self._input(each, n_ctx, truncate=request.truncate) for each in request.inputs]

    def _input(self, given: str | tuple[int, ...], n_ctx: int, *, truncate: bool) -> list[int]:
        tokens = self._text(given) if isinstance(given, str) else self._checked(given)
        if len(tokens) <= n_ctx:
            return tokens
        if not truncate:
            raise InputTooLong(n_input=len(tokens), n_ctx=n_ctx)
        # Models that end every text with a token of their own have never seen one without it.
        n_end = min(self._n_end, n_ctx - 1) if isinstance(given, str) else 0
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
