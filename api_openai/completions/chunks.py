"""text_completion, streamed and whole: the legacy endpoint's choices and its own shape of logprobs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import orjson

from api_openai.identity import Identity, usage
from api_openai.stream import StreamEncoder
from inference.events import TokenLogprob
from models_app.serving.answers import Answer


class CompletionStreamEncoder(StreamEncoder):
    """``echoes`` has for each choice the prompt that goes before its text, or an empty string."""

    kind = "text_completion"

    def __init__(self, identity: Identity, *, include_usage: bool, per_prompt: int, echoes: Sequence[str]) -> None:
        super().__init__(identity, include_usage=include_usage, per_prompt=per_prompt)
        self._echoes = list(echoes)
        self._offsets = [len(echo) for echo in echoes]

    def opening(self, index: int) -> bytes:
        echo, self._echoes[index] = self._echoes[index], ""
        return self.chunk(index, b'"text":' + orjson.dumps(echo)) if echo else b""

    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes:
        shown = completion_logprobs(logprobs, offset=self._offsets[index])
        self._offsets[index] += len(text)
        return self.opening(index) + self.chunk(index, b'"text":' + orjson.dumps(text), logprobs=shown)

    def thinking(self, index: int, text: str) -> bytes:
        return b""  # a raw completion isn't parsed: thoughts are part of its text

    def closing(self, index: int, reason: str) -> bytes:
        return self.opening(index) + self.chunk(index, b'"text":""', reason=reason)


def text_completion(
    identity: Identity, answers: Sequence[Answer], *, per_prompt: int, echoes: Sequence[str]
) -> dict[str, Any]:
    return {
        **identity.head("text_completion"),
        "choices": [_choice(index, answer, echoes[index]) for index, answer in enumerate(answers)],
        "usage": usage({index: answer.finished for index, answer in enumerate(answers)}, per_prompt=per_prompt),
    }


def completion_logprobs(logprobs: Sequence[TokenLogprob], *, offset: int) -> dict[str, Any] | None:
    """Parallel lists; ``text_offset`` counts characters from the beginning of the choice's text."""
    if not logprobs:
        return None
    tokens = [_text(one) for one in logprobs]
    offsets = list(accumulate(map(len, tokens[:-1]), initial=offset))
    return {
        "tokens": tokens,
        "token_logprobs": [one.logprob for one in logprobs],
        "top_logprobs": [{_text(top): top.logprob for top in one.top} for one in logprobs],
        "text_offset": offsets,
    }


def _choice(index: int, answer: Answer, echo: str) -> dict[str, Any]:
    return {
        "text": echo + answer.text,
        "index": index,
        "logprobs": completion_logprobs(answer.logprobs, offset=len(echo)),
        "finish_reason": answer.finished.reason,
    }


def _text(one: TokenLogprob) -> str:
    return one.data.decode("utf-8", "replace")
