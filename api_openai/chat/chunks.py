"""chat.completion.chunk: the deltas of a streamed chat (platform.openai.com/docs/api-reference/chat-streaming)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.chat.calls import FUNCTIONS, CallLook
from api_openai.errors import Fields
from api_openai.identity import Identity
from api_openai.stream import StreamEncoder
from inference.events import Finished, TokenLogprob, ToolCall

# What errors of the engine are about, in the words of this endpoint.
FIELDS = Fields(prompt="messages", format="response_format")


class ChatStreamEncoder(StreamEncoder):
    """The first chunk of a choice has the role, the last one the reason; what lies between has text, thoughts and
    calls."""

    kind = "chat.completion.chunk"
    fields = FIELDS

    def __init__(
        self,
        identity: Identity,
        *,
        include_usage: bool,
        n_choices: int,
        look: CallLook = FUNCTIONS,
        obfuscates: bool = False,
    ) -> None:
        super().__init__(identity, include_usage=include_usage, per_prompt=n_choices, obfuscates=obfuscates)
        self._look = look
        self._opened: set[int] = set()
        self._n_calls = [0] * n_choices
        self._held: list[list[TokenLogprob]] = [[] for _ in range(n_choices)]

    def opening(self, index: int) -> bytes:
        if index in self._opened:
            return b""
        self._opened.add(index)
        return self.chunk(index, b'"delta":{"role":"assistant","content":"","refusal":null}')

    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes:
        self._held[index] += logprobs
        return self._delta(index, b'"content":' + orjson.dumps(text)) if text else b""

    def thinking(self, index: int, text: str) -> bytes:
        # Ollama's name and that of llama-server and DeepSeek: clients look for either.
        quoted = orjson.dumps(text)
        return self._delta(index, b'"reasoning":' + quoted + b',"reasoning_content":' + quoted)

    def call(self, index: int, call: ToolCall) -> bytes:
        """Its head and its arguments apart, as clients have them from OpenAI."""
        place = self._n_calls[index]
        self._n_calls[index] += 1
        return b"".join(self._delta(index, orjson.dumps(part)[1:-1]) for part in self._look.deltas(call, place))

    def closing(self, index: int, finished: Finished) -> bytes:
        return self._delta(index, b"", reason=self._look.reason(finished, self._n_calls[index]))

    def _delta(self, index: int, body: bytes, *, reason: str | None = None) -> bytes:
        """Logprobs of what became no text (a marker, a thought) go along with the next delta there is."""
        opening = self.opening(index)
        logprobs, self._held[index] = chat_logprobs(self._held[index]), []
        return opening + self.chunk(index, b'"delta":{' + body + b"}", reason=reason, logprobs=logprobs)


def chat_logprobs(logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    if not logprobs:
        return None
    shown = [_token(one) | {"top_logprobs": [_token(top) for top in one.top]} for one in logprobs]
    return {"content": shown, "refusal": None}


def _token(one: TokenLogprob) -> dict[str, Any]:
    return {"token": one.data.decode("utf-8", "replace"), "logprob": one.logprob, "bytes": list(one.data)}
