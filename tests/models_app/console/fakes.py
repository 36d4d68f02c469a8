"""A chat that answers what a test wrote down, and a session that types what it was told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models_app.console.answer import ChatRequest, Piece, Timings


class FakeAnswer:
    """``script`` holds texts, pieces, and exceptions to be raised where they stand."""

    def __init__(self, script: list[Any]) -> None:
        self.timings: Timings | None = None
        self.closed = False
        self._script = script

    def __iter__(self) -> Iterator[Piece]:
        for step in self._script:
            if isinstance(step, BaseException):
                raise step
            yield step if isinstance(step, Piece) else Piece(step)
        self.timings = Timings(total_seconds=1.0)

    def close(self) -> None:
        self.closed = True


class FakeChat:
    def __init__(self, *scripts: list[Any] | BaseException) -> None:
        self.requests: list[ChatRequest] = []
        self.answers: list[FakeAnswer] = []
        self._scripts = list(scripts)

    def answer(self, request: ChatRequest) -> FakeAnswer:
        self.requests.append(request)
        script = self._scripts.pop(0)
        if isinstance(script, BaseException):
            raise script
        self.answers.append(FakeAnswer(script))
        return self.answers[-1]


class FakeSession:
    def __init__(self, *lines: str | BaseException) -> None:
        self.keeps = True
        self._lines = [*lines, EOFError()]

    def keep_history(self, keep: bool) -> None:
        self.keeps = keep

    def prompt(self) -> str:
        line = self._lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line
