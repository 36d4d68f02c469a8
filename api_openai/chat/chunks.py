"""chat.completion.chunk and chat.completion: the deltas of a streamed chat, and the whole of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.identity import Identity, usage
from api_openai.stream import StreamEncoder
from inference.events import TokenLogprob
from models_app.serving.answers import Answer


class ChatStreamEncoder(StreamEncoder):
    """The first chunk of a choice has the role, the last one the reason; what lies between has text."""

    kind = "chat.completion.chunk"

    def __init__(self, identity: Identity, *, include_usage: bool, n_choices: int) -> None:
        super().__init__(identity, include_usage=include_usage, per_prompt=n_choices)
        self._opened: set[int] = set()

    def opening(self, index: int) -> bytes:
        if index in self._opened:
            return b""
        self._opened.add(index)
        return self.chunk(index, b'"delta":{"role":"assistant","content":""}')

    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes:
        body = b'"delta":{"content":' + orjson.dumps(text) + b"}"
        return self.opening(index) + self.chunk(index, body, logprobs=chat_logprobs(logprobs))

    def thinking(self, index: int, text: str) -> bytes:
        # Ollama's name and that of llama-server and DeepSeek: clients look for either.
        quoted = orjson.dumps(text)
        body = b'"delta":{"reasoning":' + quoted + b',"reasoning_content":' + quoted + b"}"
        return self.opening(index) + self.chunk(index, body)

    def closing(self, index: int, reason: str) -> bytes:
        return self.opening(index) + self.chunk(index, b'"delta":{}', reason=reason)


def chat_completion(identity: Identity, answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        **identity.head("chat.completion"),
        "choices": [_choice(index, answer) for index, answer in enumerate(answers)],
        "usage": usage({index: answer.finished for index, answer in enumerate(answers)}, per_prompt=len(answers)),
    }


def chat_logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    if not logprobs:
        return None
    return {"content": [_token(one) | {"top_logprobs": [_token(top) for top in one.top]} for one in logprobs]}


def _choice(index: int, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.thinking:
        message |= {"reasoning": answer.thinking, "reasoning_content": answer.thinking}
    return {
        "index": index,
        "message": message,
        "logprobs": chat_logprobs(answer.logprobs),
        "finish_reason": answer.finished.reason,
    }


def _token(one: TokenLogprob) -> dict[str, Any]:
    return {"token": one.data.decode("utf-8", "replace"), "logprob": one.logprob, "bytes": list(one.data)}
