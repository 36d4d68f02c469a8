"""From a request to tokens that fit the context: template, tokenizer, truncation, checks. On the prep threads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache

import msgspec

from inference.chat.defaults import default_template
from inference.chat.dropping import drop_steps
from inference.chat.ollama.template import OllamaTemplate
from inference.chat.template import ChatTemplate
from inference.engine.backend import Backend
from inference.engine.insert import insert_prompt
from inference.engine.media.chunks import MediaChunk
from inference.engine.media.prompt import MediaPrompt, MediaPrompts, Tokenizer
from inference.errors import InvalidOption, InvalidRequest, NotSupported, PromptTooLong
from inference.request import ChatPrompt, GenerateRequest, Message, Prompt, TextPrompt

# faults S25: a template may not make a text many times as long as the context. No token of a real text is longer.
MAX_CHARS_PER_TOKEN = 64
# Some 200 bytes each.
MAX_PROMPT_LOGPROBS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """``text`` is what was tokenized, empty where the request brought tokens. ``media``: see ``Sequence``."""

    tokens: list[int]
    text: str = ""
    n_dropped_messages: int = 0
    n_dropped_tokens: int = 0
    media: dict[int, MediaChunk] = field(default_factory=dict)


class Preparer:
    """Raises InvalidRequest and what derives from it; a broken template only refuses chats."""

    def __init__(self, backend: Backend) -> None:
        self._backend: Tokenizer = backend
        self._media = MediaPrompts(backend.projector)
        self._whole = _any_run
        self._template: ChatTemplate | None = None

    def prepare(self, request: GenerateRequest, *, is_wanted: Callable[[], bool] = lambda: True) -> Prepared:
        """``is_wanted`` is asked before an image is encoded, which takes long: raises RequestCancelled if not."""
        media = self._media.open(request.prompt, request.cache_scope)
        if media is None:
            return self._fitting(request)
        if request.prompt_logprobs is not None:
            raise InvalidRequest("logprobs of a prompt with images can't be had")
        reader = self._reader(media)
        prepared = reader._fitting(msgspec.structs.replace(request, prompt=media.prompt))
        self._template = reader._template
        chunks = {} if request.render_only else media.encode(prepared.tokens, is_wanted)
        return replace(prepared, text=media.plain(prepared.text), media=chunks)

    def tokens(self, prompt: Prompt) -> list[int]:
        """All of them, whether they fit or not; those of media are measured, and none is encoded."""
        media = self._media.open(prompt, "")
        request = GenerateRequest(prompt=prompt if media is None else media.prompt)
        reader = self if media is None else self._reader(media)
        tokens = reader._tokenize(request, sys.maxsize).tokens
        self._template = reader._template
        return tokens

    def _reader(self, media: MediaPrompt) -> Preparer:
        """This one, with tokens of media where a text has their marks."""
        reader = copy(self)
        reader._backend = media.tokenizer(self._backend)
        reader._whole = media.whole
        return reader

    def _fitting(self, request: GenerateRequest) -> Prepared:
        self._check_tokens("logit_bias", request.sampling.logit_bias)
        if request.prompt_logprobs is not None:
            request = msgspec.structs.replace(request, truncate=False)
        n_ctx = request.context_length(self._backend.info.n_ctx)
        n_most = n_ctx - 1  # leaves room for one more
        prepared = self._tokenize(request, n_most)
        if not prepared.tokens:
            raise InvalidRequest("the prompt is empty")
        if len(prepared.tokens) <= n_most:
            _check_logprobs(request, len(prepared.tokens))
            return prepared
        if not request.truncate:
            raise PromptTooLong(n_prompt=len(prepared.tokens), n_ctx=n_ctx)
        return _cut(prepared, n_most, request.num_keep, self._whole)

    def _tokenize(self, request: GenerateRequest, n_most: int) -> Prepared:
        prompt = request.prompt
        if isinstance(prompt, ChatPrompt):
            return self._chat(prompt, n_most, truncate=request.truncate)
        if isinstance(prompt, TextPrompt):
            return Prepared(tokens=self._text(prompt.text, prompt.context), text=prompt.text)
        self._check_tokens("prompt", prompt.tokens)
        return Prepared(tokens=list(prompt.tokens))

    def _chat(self, prompt: ChatPrompt, n_most: int, *, truncate: bool) -> Prepared:
        """Drops as few of the oldest messages as it takes."""
        if prompt.suffix:
            return self._insert(prompt, n_most, truncate=truncate)
        text, tokens = self._render(prompt, prompt.messages)
        steps = drop_steps(prompt.messages)
        if len(tokens) <= n_most or not truncate or not steps:
            return Prepared(tokens=tokens, text=text)
        low, high = 0, len(steps) - 1
        while low < high:
            middle = (low + high) // 2
            if len(self._render(prompt, without(prompt.messages, steps[middle]))[1]) <= n_most:
                high = middle
            else:
                low = middle + 1
        text, tokens = self._render(prompt, without(prompt.messages, steps[high]))
        return Prepared(tokens=tokens, text=text, n_dropped_messages=len(steps[high]))

    def _insert(self, prompt: ChatPrompt, n_most: int, *, truncate: bool) -> Prepared:
        """By the model's template where that knows a suffix, else by its tokens; messages but the last don't count."""
        before = prompt.messages[-1].content
        template = self._chat_template(prompt.template)
        if isinstance(template, OllamaTemplate) and "suffix" in template.variables:
            text = template.render((), prompt=before, suffix=prompt.suffix, think=prompt.think)
            return Prepared(tokens=self._text(text, prompt.context), text=text)
        gap = self._backend.info.insert
        if gap is None:
            raise NotSupported("this model does not support insert")
        head = list(prompt.context) or self._backend.tokenize("", add_special=True, parse_special=False)
        parts = [
            self._backend.tokenize(each, add_special=False, parse_special=False) for each in (before, prompt.suffix)
        ]
        room = n_most if truncate else sum(map(len, (head, *parts))) + 3
        tokens, n_dropped = insert_prompt(gap, *parts, head=head, n_most=room)
        return Prepared(tokens=tokens, text=gap.shown(before, prompt.suffix), n_dropped_tokens=n_dropped)

    def _render(self, prompt: ChatPrompt, messages: tuple[Message, ...]) -> tuple[str, list[int]]:
        text = self._chat_template(prompt.template).render(
            messages,
            continue_final_message=prompt.continue_final_message,
            tools=prompt.tools,
            think=prompt.think,
            max_chars=MAX_CHARS_PER_TOKEN * self._backend.info.n_ctx + 4 * sum(len(each.content) for each in messages),
        )
        return text, self._text(text, prompt.context)

    def _chat_template(self, source: str) -> ChatTemplate | OllamaTemplate:
        """Compiled ones are kept: compiling takes as long as rendering a long chat."""
        if source:
            return _compiled(source)
        if self._template is None:
            info = self._backend.info
            source = info.chat_template or default_template(
                self._is_token, architecture=info.architecture, n_vocab=info.n_vocab
            )
            self._template = ChatTemplate(source, bos=info.bos, eos=info.eos)
        return self._template

    def _is_token(self, text: str) -> bool:
        return len(self._backend.tokenize(text, add_special=False, parse_special=True)) == 1

    def _text(self, text: str, context: tuple[int, ...]) -> list[int]:
        """``context`` is the head of the prompt, with its own BOS; a template may have written one already."""
        self._check_tokens("context", context)
        info = self._backend.info
        add_special = not context and not (info.bos and text.startswith(info.bos))
        tokens = self._backend.tokenize(text, add_special=add_special, parse_special=True)
        if not tokens and not context:
            # An empty prompt asks for anything at all: the model starts from its first token.
            tokens = self._backend.tokenize(info.bos or info.eos, add_special=False, parse_special=True)
        return [*context, *tokens]

    def _check_tokens(self, option: str, tokens: object) -> None:
        n_vocab = self._backend.info.n_vocab
        for token in tokens:  # type: ignore[attr-defined]
            if not 0 <= token < n_vocab:
                raise InvalidOption(option, f"{option}: {token} is not a token of this model (0 to {n_vocab - 1})")


@lru_cache(maxsize=16)
def _compiled(source: str) -> OllamaTemplate:
    return OllamaTemplate(source)


def _any_run(tokens: list[int], start: int, n: int) -> tuple[int, int]:
    return start, n


def _check_logprobs(request: GenerateRequest, n_tokens: int) -> None:
    """They are held in the server until the client has them."""
    each = 1 + (request.prompt_logprobs or 0)
    if request.prompt_logprobs is not None and n_tokens * each > MAX_PROMPT_LOGPROBS:
        most = MAX_PROMPT_LOGPROBS // n_tokens - 1
        raise InvalidOption("logprobs", f"logprobs of a prompt of {n_tokens} tokens must be at most {most}")


def _cut(prepared: Prepared, n_most: int, num_keep: int, whole: Callable[..., tuple[int, int]]) -> Prepared:
    """Takes tokens out behind the first ``num_keep``, as Ollama's runner does (runner/ollamarunner, inputs).

    ``whole`` makes a run of tokens larger where it would leave parts of something behind.
    """
    tokens = prepared.tokens
    n_keep = n_most // 2 if num_keep < 0 else min(num_keep, n_most - 1)
    n_keep, n_dropped = whole(tokens, n_keep, len(tokens) - n_most)
    return Prepared(
        tokens=tokens[:n_keep] + tokens[n_keep + n_dropped :],
        text=prepared.text,
        n_dropped_messages=prepared.n_dropped_messages,
        n_dropped_tokens=n_dropped,
    )


def without(messages: tuple[Message, ...], dropped: frozenset[int]) -> tuple[Message, ...]:
    return tuple(message for index, message in enumerate(messages) if index not in dropped)
