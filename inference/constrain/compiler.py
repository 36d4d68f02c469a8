"""Matchers for requests' constraints, and a memory of those that were compiled, or refused, before."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from functools import partial
from typing import Any

from inference.constrain.grammar import Ask, compile_grammar
from inference.constrain.limits import CACHE_SIZE, MAX_MASK_SECONDS, NUM_PROBED_TOKENS, parser_limits
from inference.constrain.matcher import Matcher
from inference.constrain.special import Speller
from inference.constrain.trial import TrialTimedOut
from inference.constrain.vocabulary import Vocabulary
from inference.errors import InvalidConstraint
from inference.events import Failed
from inference.request import Constraint, ThinkingSpan


class Compiler:
    """For one model; any thread. One constraint is compiled at a time, while those known already don't wait."""

    def __init__(self, vocabulary: Vocabulary, *, n_vocab: int) -> None:
        self._vocabulary = vocabulary
        self._n_vocab = n_vocab
        self._tokenizer: Any = None
        self._compiling = threading.Lock()
        self._known: OrderedDict[Ask, Any] = OrderedDict()  # an LLMatcher at its beginning, or Failed
        self._knowing = threading.Lock()

    def matcher(
        self,
        constraint: Constraint,
        *,
        thinking: ThinkingSpan | None = None,
        is_open: bool = False,
        preserved: tuple[str, ...] = (),
    ) -> Matcher:
        """A matcher at the answer's beginning. ``thinking`` comes first, None for none; ``is_open``: the prompt has
        begun it. Raises InvalidConstraint, within seconds."""
        ask = Ask(constraint=constraint, thinking=_unmetered(thinking), is_open=is_open, preserved=preserved)
        native = self._recall(ask)
        if native is None:
            with self._compiling:
                native = self._recall(ask) or self._remember(ask, self._compile(ask))
        if isinstance(native, Failed):
            raise native.exception()
        return Matcher(
            native.deep_copy(),
            kind=constraint.kind,
            n_vocab=self._n_vocab,
            on_error=partial(self._forget, ask, native),
        )

    def speller(self, preserved: tuple[str, ...]) -> Speller:
        """Tokens that make up a text, in which ``preserved`` ones are special tokens where the vocabulary has them."""
        with self._compiling:
            return Speller(preserved, self._vocabulary, self._known_tokenizer())

    def _recall(self, ask: Ask) -> Any:
        with self._knowing:
            if ask in self._known:
                self._known.move_to_end(ask)
            return self._known.get(ask)

    def _remember(self, ask: Ask, result: Any) -> Any:
        with self._knowing:
            self._known[ask] = result
            if len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        return result

    def _forget(self, ask: Ask, native: Any) -> None:
        """Its lexer may be full: the next answer gets one that is not."""
        with self._knowing:
            if self._known.get(ask) is native:
                del self._known[ask]

    def _compile(self, ask: Ask) -> Any:
        try:
            return self._new_matcher(ask)
        except TrialTimedOut:
            raise
        except InvalidConstraint as error:
            return Failed.of(error)

    def _new_matcher(self, ask: Ask) -> Any:
        from llguidance import LLMatcher, LLParserLimits

        tokenizer = self._known_tokenizer()
        grammar = compile_grammar(ask, self._vocabulary, tokenizer)
        native = LLMatcher(tokenizer, grammar, log_level=0, limits=LLParserLimits(**parser_limits()))
        if native.is_error():
            raise InvalidConstraint(ask.constraint.kind, native.get_error())
        self._probe(native.deep_copy(), ask.constraint.kind)
        return native

    def _known_tokenizer(self) -> Any:
        if self._tokenizer is None:
            self._tokenizer = self._vocabulary.build()
        return self._tokenizer

    def _probe(self, native: Any, kind: str) -> None:
        """The first steps of an answer: what grows beyond all limits does it there, and is better refused here."""
        matcher = Matcher(native, kind=kind, n_vocab=self._n_vocab)
        for _ in range(NUM_PROBED_TOKENS):
            begun_at = time.thread_time()
            allowed = matcher.allowed()
            if time.thread_time() - begun_at > MAX_MASK_SECONDS:
                raise InvalidConstraint(kind, "it allows too much at once")
            token = int(allowed.argmax())
            if token in self._tokenizer.eos_tokens:
                return
            matcher.accept(token)


def _unmetered(span: ThinkingSpan | None) -> ThinkingSpan | None:
    """The budget is the engine's affair, and no reason to compile again."""
    return None if span is None else ThinkingSpan(start=span.start, end=span.end)
