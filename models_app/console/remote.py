"""Chats answered by a server, be it this process's own."""

from __future__ import annotations

from collections.abc import Iterator

from models_app.console.answer import ChatRequest, Piece, Timings
from models_app.console.client import Client
from models_app.console.connection import Json, Lines

_NANOSECONDS = 1e9


class RemoteChat:
    def __init__(self, client: Client) -> None:
        self._client = client

    def answer(self, request: ChatRequest) -> RemoteAnswer:
        """Returns when the server has accepted. Raises ServerError, OSError."""
        body: Json = {"model": request.model, "messages": request.messages, "options": request.options}
        asked = {"keep_alive": request.keep_alive, "format": request.format, "think": request.think}
        body |= {name: value for name, value in asked.items() if value is not None}
        return RemoteAnswer(self._client.stream("/api/chat", body))


class RemoteAnswer:
    def __init__(self, lines: Lines) -> None:
        self.timings: Timings | None = None
        self._lines = lines

    def __iter__(self) -> Iterator[Piece]:
        """Raises ServerError when the answer breaks off."""
        for record in self._lines:
            message = record.get("message") or {}
            if message.get("thinking"):
                yield Piece(str(message["thinking"]), thinking=True)
            if message.get("content"):
                yield Piece(str(message["content"]))
            if record.get("done"):
                self.timings = _timings(record)

    def close(self) -> None:
        self._lines.close()


def _timings(record: Json) -> Timings:
    """From the last line of an answer, where every number may be absent (wire.md 2.2)."""

    def seconds(key: str) -> float:
        return int(record.get(key) or 0) / _NANOSECONDS

    return Timings(
        total_seconds=seconds("total_duration"),
        load_seconds=seconds("load_duration"),
        n_prompt=int(record.get("prompt_eval_count") or 0),
        prompt_seconds=seconds("prompt_eval_duration"),
        n_generated=int(record.get("eval_count") or 0),
        decode_seconds=seconds("eval_duration"),
    )
