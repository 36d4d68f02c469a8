"""text_completion, streamed: the legacy endpoint's chunks."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from api_openai.completions.logprobs import LogprobsWriter
from api_openai.errors import Fields
from api_openai.identity import Identity
from api_openai.stream import StreamEncoder
from inference.events import Event, Finished, PromptLogprobs, TokenLogprob

# What errors of the engine are about, in the words of this endpoint.
FIELDS = Fields(prompt="prompt")


class CompletionStreamEncoder(StreamEncoder):
    """``echoes`` has for each choice the prompt that goes before its text, or an empty string; it may be set as late as
    the stream begins."""

    kind = "text_completion"
    fields = FIELDS

    def __init__(
        self, identity: Identity, *, include_usage: bool, per_prompt: int, n_choices: int, obfuscates: bool = False
    ) -> None:
        super().__init__(identity, include_usage=include_usage, per_prompt=per_prompt, obfuscates=obfuscates)
        self.echoes = [""] * n_choices
        self._begun = [False] * n_choices
        self._writers = [LogprobsWriter() for _ in range(n_choices)]
        self._prompts: list[list[TokenLogprob]] = [[] for _ in range(n_choices)]

    def opening(self, index: int) -> bytes:
        if self._begun[index]:
            return b""
        self._begun[index] = True
        echo, writer, prompt = self.echoes[index], self._writers[index], self._prompts[index]
        writer.echo(echo)
        shown = writer.prompt(prompt, echo)
        prompt.clear()
        return self.chunk(index, b'"text":' + orjson.dumps(echo), logprobs=shown) if echo or shown else b""

    def text(self, index: int, text: str, logprobs: Sequence[TokenLogprob]) -> bytes:
        opening = self.opening(index)
        shown = self._writers[index].answer(logprobs)
        return opening + self.chunk(index, b'"text":' + orjson.dumps(text), logprobs=shown)

    def thinking(self, index: int, text: str) -> bytes:
        return b""  # a raw completion isn't parsed: thoughts are part of its text

    def closing(self, index: int, finished: Finished) -> bytes:
        return self.opening(index) + self.chunk(index, b'"text":""', reason=finished.reason)

    def _choice(self, index: int, event: Event) -> bytes:
        if isinstance(event, PromptLogprobs):
            self._prompts[index] += event.tokens
            return b""
        return super()._choice(index, event)
