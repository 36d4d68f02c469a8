"""The script most families share: thoughts first, then text with calls behind markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inference.chat.parsing.answer import Answer
from inference.chat.parsing.parser import Script
from inference.chat.parsing.source import Ended, Malformed, Markers, Refused, Source, Step
from inference.chat.parsing.tools import Tools
from inference.events import ToolCall

Emit = Callable[[ToolCall], None]
# Reads what stands behind a marker, and gives out each call as it is whole. Raises Malformed, Ended.
CallReader = Callable[[Source, Tools, Emit], Step[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """``calls``: marker to reader. ``thinking``: pairs of markers; ``thinks_anywhere`` names those of their first
    markers that are tokens of their own, and so can't be part of a text. ``bare`` reads a call that no marker
    announces, where the text begins. ``noise`` is markup between the parts, left out. A call that the text's end cuts
    short is left out as well, unless its marker is one of ``words``, which texts may hold.
    """

    calls: Mapping[str, CallReader] = field(default_factory=dict)
    thinking: tuple[tuple[str, str], ...] = ()
    thinks_anywhere: tuple[str, ...] = ()
    bare: CallReader | None = None
    noise: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def script_of(syntax: Syntax, tools: Tools, *, opened: str = "", forced: bool = False) -> Script:
    """``opened``: the marker of the thoughts in which the answer begins. Without tools, markers of calls are text.
    ``forced``: the answer has to be calls, so no half of one is a text's own."""
    return lambda source, answer: _Run(source, answer, syntax, tools, forced=forced).run(opened)


class _Run:
    def __init__(self, source: Source, answer: Answer, syntax: Syntax, tools: Tools, *, forced: bool = False) -> None:
        self._source = source
        self._answer = answer
        self._tools = tools
        self._calls = dict(syntax.calls) if tools else {}
        self._bare = syntax.bare if tools else None
        self._thinking = dict(syntax.thinking)
        self._words = () if forced else ("", *syntax.words)
        self._text_markers = tuple(dict.fromkeys((*self._calls, *syntax.thinks_anywhere, *syntax.noise)))

    def run(self, start: str) -> Step[None]:
        if start:
            # Some say it again where the prompt has said it.
            yield from self._source.spaces()
            yield from self._source.accept(start)
        elif self._thinking:
            self._answer.text((yield from self._source.spaces()))
            start = yield from self._source.accept(*self._thinking)
        if start:
            yield from self._think(self._thinking[start])
        if self._bare is not None:
            self._answer.text((yield from self._source.spaces()))
            yield from self._call("", self._bare)
        yield from self._say()

    def _say(self) -> Step[None]:
        if not self._text_markers:
            yield from self._source.rest(self._answer.text)
            return
        markers = Markers(*self._text_markers)
        while marker := (yield from self._source.until(markers, self._answer.text)):
            if marker in self._thinking:
                yield from self._think(self._thinking[marker])
            elif marker in self._calls:
                yield from self._call(marker, self._calls[marker])

    def _call(self, marker: str, read: CallReader) -> Step[None]:
        def emit(call: ToolCall) -> None:
            self._answer.call(self._tools.checked(call))
            self._source.record()

        self._source.record(marker)
        try:
            yield from read(self._source, self._tools, emit)
        except Malformed as error:
            text = self._source.recorded()
            # Behind a call that has left, what was read is not there any more.
            self._answer.text(error.text if isinstance(error, Refused) and not text.strip() else text)
        except Ended:
            text = self._source.recorded()
            if marker in self._words:
                self._answer.text(text)
            else:
                self._answer.is_cut = bool(marker or text.strip())
        self._source.recorded()

    def _think(self, end: str) -> Step[None]:
        """Thoughts up to ``end``. A call within them is part of them, unless it is the last thing of all: then the
        model went from thinking to calling without a word (Qwen3.5 does).
        """
        markers = Markers(end, *self._calls)
        while marker := (yield from self._source.until(markers, self._answer.thinking)):
            if marker == end:
                self._answer.end_thinking()
                return
            yield from self._ponder(marker, end)

    def _ponder(self, marker: str, end: str) -> Step[None]:
        calls: list[ToolCall] = []
        self._source.record(marker)
        try:
            while marker:
                yield from self._calls[marker](self._source, self._tools, calls.append)
                yield from self._source.spaces()
                marker = yield from self._source.accept(*self._calls)
            last = (yield from self._source.at_end()) and all(map(self._tools.checked, calls))
        except (Malformed, Ended):
            last = False
        thoughts = self._source.recorded()
        if not last:
            before, found, behind = thoughts.partition(end)
            self._answer.thinking(before)
            self._source.unread(found + behind)
            return
        self._answer.end_thinking()
        for call in calls:
            self._answer.call(call)
