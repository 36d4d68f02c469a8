"""Tokens for those who ask for tokens only: a prompt is rendered and tokenized, and nothing is decoded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from inference.engine.backend import EmbedSource
from inference.engine.prepare import Preparer
from inference.errors import InferenceError, InvalidOption, ModelFailed, NotSupported, RequestCancelled, ShuttingDown
from inference.events import Event, Failed, Finished, Started, Tokenized
from inference.request import Prompt, TextPrompt, TokenizeRequest, TokenPrompt

logger = logging.getLogger("inference.tokenizing")

Publish = Callable[[list[tuple[int, Event]]], None]


class Tokenizing:
    """Every request that was submitted ends in exactly one Finished or Failed.

    ``submit``, ``cancel`` and ``close`` from any thread; ``publish`` is called by a thread of ``threads_for``, which
    are those that prepare prompts for generations. A model that only embeds has no ``preparer`` and no chats: its
    texts are tokenized on a thread of their own.
    """

    def __init__(
        self,
        source: EmbedSource,
        *,
        publish: Publish,
        preparer: Preparer | None = None,
        threads_for: Callable[[Prompt], Executor] | None = None,
    ) -> None:
        self._source = source
        self._publish = publish
        self._preparer = preparer
        self._own = ThreadPoolExecutor(1, thread_name_prefix="tokenize") if threads_for is None else None
        self._threads_for = threads_for or self._own_threads
        self._lock = threading.Lock()
        self._waiting: set[int] = set()
        self._closed = False

    def submit(self, request_id: int, request: TokenizeRequest) -> None:
        with self._lock:
            closed = self._closed
            if not closed:
                self._waiting.add(request_id)
                self._threads_for(request.prompt).submit(self._answer, request_id, request)
        if closed:
            self._publish([(request_id, Failed.of(ShuttingDown()))])

    def cancel(self, request_id: int) -> None:
        """Unknown and finished ids are ignored."""
        with self._lock:
            self._waiting.discard(request_id)

    def close(self) -> None:
        """Before the threads it borrows are ended."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        if self._own is not None:
            self._own.shutdown(wait=True)

    def _own_threads(self, prompt: Prompt) -> Executor:
        assert self._own is not None, "made where nobody lends any"
        return self._own

    def _answer(self, request_id: int, request: TokenizeRequest) -> None:
        try:
            self._publish([(request_id, event) for event in self._events(request_id, request)])
        except InferenceError as error:
            self._publish([(request_id, Failed.of(error))])
        except Exception as error:  # noqa: BLE001 - one request's trouble must not be everybody's
            logger.error("tokenizing failed: %s", type(error).__name__)
            self._publish([(request_id, Failed.of(ModelFailed("the prompt could not be tokenized")))])

    def _events(self, request_id: int, request: TokenizeRequest) -> tuple[Event, ...]:
        with self._lock:
            wanted = request_id in self._waiting
            self._waiting.discard(request_id)
        if not wanted:
            raise ShuttingDown if self._closed else RequestCancelled
        tokens = self._tokens(request)
        n = len(tokens)
        finished = Finished(reason="stop", n_prompt=n, n_cached=0, n_generated=0, prompt_seconds=0, decode_seconds=0)
        return (
            Started(n_prompt=n, n_cached=0, n_ctx=self._source.info.n_ctx),
            self._tokenized(request, tokens),
            finished,
        )

    def _tokens(self, request: TokenizeRequest) -> list[int]:
        prompt = request.prompt
        if isinstance(prompt, TokenPrompt):
            return self._checked(prompt)
        if isinstance(prompt, TextPrompt) and not prompt.images:
            add_special = request.add_special
            if add_special is not None or self._preparer is None:
                return self._text(prompt.text, add_special=add_special is not False, parse=request.parse_special)
        if self._preparer is None:
            raise NotSupported("this model makes embeddings only")
        return self._preparer.tokens(prompt)

    def _text(self, text: str, *, add_special: bool, parse: bool) -> list[int]:
        bos = self._source.info.bos
        add_special = add_special and not (parse and bos and text.startswith(bos))
        return self._source.tokenize(text, add_special=add_special, parse_special=parse)

    def _checked(self, prompt: TokenPrompt) -> list[int]:
        n_vocab = self._source.info.n_vocab
        wrong = next((token for token in prompt.tokens if not 0 <= token < n_vocab), None)
        if wrong is not None:
            raise InvalidOption("tokens", f"tokens: {wrong} is not a token of this model (0 to {n_vocab - 1})")
        return list(prompt.tokens)

    def _tokenized(self, request: TokenizeRequest, tokens: list[int]) -> Tokenized:
        n_ctx = self._source.info.n_ctx
        if request.wants == "count":
            return Tokenized(len(tokens), n_ctx)
        if request.wants == "tokens":
            return Tokenized(len(tokens), n_ctx, tuple(tokens))
        pieces = {token: self._source.special_piece(token) if token >= 0 else b"" for token in set(tokens)}
        return Tokenized(len(tokens), n_ctx, tuple(tokens), tuple([pieces[token] for token in tokens]))
