"""Answers that are messages one behind the other, each with a header: Harmony's and Glimmer's."""

from __future__ import annotations

from inference.chat.parsing.answer import Answer
from inference.chat.parsing.source import Markers, Sink, Source, Step

ROLE = "assistant"


class Messages:
    """``start`` begins a message, one of ``ends`` ends it. In a text they are marks only where they can be."""

    def __init__(self, start: str, *ends: str) -> None:
        self._start = start
        self._marks = Markers(start, *ends)

    def body(self, source: Source, sink: Sink) -> Step[None]:
        """To the end of the message. An end mark behind which no message begins is part of the text."""
        while mark := (yield from source.until(self._marks, sink)):
            if mark == self._start:
                if (yield from source.looking_at(ROLE)):
                    source.unread(mark)
                    return
            elif (yield from source.looking_at(self._start)) or (yield from source.at_end()):
                return
            sink(mark)

    def think(self, source: Source, answer: Answer) -> Step[None]:
        yield from self.body(source, answer.thinking)
        if not (yield from source.at_end()):
            answer.end_thinking()
