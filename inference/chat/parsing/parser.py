"""The parser of one answer: text in, deltas and calls out."""

from __future__ import annotations

from collections.abc import Callable

from inference.chat.parsing.answer import Answer, Parsed
from inference.chat.parsing.source import Source, Step

Script = Callable[[Source, Answer], Step[None]]


class Parser:
    """Belongs to one answer and to the thread that feeds it. No text makes it raise.

    The deltas' ``n_tokens`` is 0: only who has the tokens can count them. However the text is cut into pieces, the
    texts of the deltas, joined, and the calls are the same.
    """

    def __init__(self, script: Script, *, trims: bool) -> None:
        self._source = Source()
        self._answer = Answer(trims=trims)
        self._steps = script(self._source, self._answer)
        self._finished = False
        self._advance()

    @property
    def is_cut(self) -> bool:
        """Whether the text has ended within a call, which was left out."""
        return self._answer.is_cut

    def feed(self, text: str) -> list[Parsed]:
        self._source.push(text)
        self._advance()
        return self._answer.take()

    def finish(self) -> list[Parsed]:
        """What was held back. A call that the text's end cut short is left out: nobody may run what is half said."""
        if self._finished:
            return []
        self._finished = True
        self._source.close()
        self._advance()
        self._answer.finish()
        return self._answer.take()

    def _advance(self) -> None:
        next(self._steps, None)
