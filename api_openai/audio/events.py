"""What was said, streamed and whole; a stream ends with the whole text, and no ``[DONE]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from api_openai.errors import error_body
from inference.errors import ShuttingDown
from inference.events import Event, Finished, TextDelta, TokenLogprob
from models_app.serving.answers import Draft


class TranscriptEncoder:
    """White space around the text is none of it. Deltas add up to the whole text."""

    def __init__(self, *, logprobs: bool) -> None:
        self._wants_logprobs = logprobs
        self._draft = Draft()
        self._begun = False
        self._held = ""

    def encode(self, events: list[Event]) -> bytes:
        return b"".join([self._event(event) for event in events])

    def fail(self, error: Exception) -> bytes:
        return b"data: " + error_body(error) + b"\n\n"

    def finish(self) -> bytes:
        whole = transcription(self._draft, logprobs=self._wants_logprobs)
        return _data({"type": "transcript.text.done"} | whole)

    def _event(self, event: Event) -> bytes:
        if isinstance(event, Finished) and event.reason == "shutdown":
            raise ShuttingDown
        self._draft.add(event)
        return self._delta(event) if isinstance(event, TextDelta) else b""

    def _delta(self, event: TextDelta) -> bytes:
        text = self._held + event.text
        text = text if self._begun else text.lstrip()
        shown = text.rstrip()
        self._held = text[len(shown) :]
        self._begun = self._begun or bool(shown)
        if not shown:
            return b""
        return _data({"type": "transcript.text.delta", "delta": shown} | self._logprobs(event.logprobs))

    def _logprobs(self, logprobs: Sequence[TokenLogprob]) -> dict[str, Any]:
        return {"logprobs": _shown(logprobs)} if self._wants_logprobs else {}


def transcription(draft: Draft, *, logprobs: bool) -> dict[str, Any]:
    answer = draft.answer()
    usage = {
        "type": "tokens",
        "input_tokens": answer.finished.n_prompt,
        "output_tokens": answer.finished.n_generated,
        "total_tokens": answer.finished.n_prompt + answer.finished.n_generated,
    }
    whole = {"text": answer.text.strip(), "usage": usage}
    return whole | ({"logprobs": _shown(answer.logprobs)} if logprobs else {})


def _shown(logprobs: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    return [
        {"token": one.data.decode("utf-8", "replace"), "bytes": list(one.data), "logprob": one.logprob}
        for one in logprobs
    ]


def _data(event: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"
