"""Writing an answer to a terminal or a pipe while it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from models_app.console.answer import Piece
from models_app.console.humanize import printable
from models_app.console.wrap import Wrapper

Write = Callable[[str], object]

_GREY = "\x1b[38;5;245m"
_GREY_BOLD = f"{_GREY}\x1b[1m"
_DEFAULT = "\x1b[0m"
_OPENING = "Thinking...\n"
_CLOSING = "...done thinking.\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an answer looks. ``columns`` tells a terminal's width where words are to be wrapped."""

    terminal: bool
    columns: Callable[[], int] | None = None
    hide_thinking: bool = False


@dataclass(slots=True)
class Said:
    """What was written so far, which an interruption must not lose."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)


def write_answer(pieces: Iterable[Piece], write: Write, style: Style, said: Said | None = None) -> None:
    """Writes each piece as it comes; thinking stands between two lines of its own, as Ollama sets it."""
    said = said if said is not None else Said()
    page = _Page(write, style)
    try:
        for piece in pieces:
            (said.thinking if piece.thinking else said.text).append(piece.text)
            page.put(piece)
    finally:
        page.end()


class _Page:
    def __init__(self, write: Write, style: Style) -> None:
        self._write = write
        self._style = style
        self._thinking = False
        self._line_open = False
        self._wrapper = self._new_wrapper()

    def put(self, piece: Piece) -> None:
        if piece.thinking and self._style.hide_thinking:
            return
        if piece.thinking and not self._thinking:
            self._open_thinking()
        elif self._thinking and not piece.thinking:
            self._close_thinking()
        self._put_text(piece.text)

    def end(self) -> None:
        """After an interruption too: what follows must not be grey."""
        if self._thinking and self._style.terminal:
            self._write(_DEFAULT)

    def _open_thinking(self) -> None:
        self._thinking = True
        self._write(f"{_GREY_BOLD}{_OPENING}{_DEFAULT}{_GREY}" if self._style.terminal else _OPENING)

    def _close_thinking(self) -> None:
        self._thinking = False
        self._wrapper = self._new_wrapper()
        line_end = "\n" if self._line_open else ""
        self._write(line_end + (f"{_GREY_BOLD}{_CLOSING}{_DEFAULT}" if self._style.terminal else _CLOSING))

    def _put_text(self, text: str) -> None:
        """What steers a terminal never reaches one; a pipe gets the text as it is."""
        text = printable(text) if self._style.terminal else text
        if text:
            self._line_open = not text.endswith("\n")
            self._write(self._wrapper.feed(text) if self._wrapper is not None else text)

    def _new_wrapper(self) -> Wrapper | None:
        return Wrapper(self._style.columns) if self._style.columns is not None else None
