"""Writing an answer to a terminal or a pipe while it comes."""

from __future__ import annotations

from collections.abc import Callable

from models_app.console.answer import Answer
from models_app.console.humanize import printable

Write = Callable[[str], object]


def write_answer(answer: Answer, write: Write, *, terminal: bool, said: list[str] | None = None) -> None:
    """``said`` collects the text, so that what came before an interruption is not lost.

    What steers a terminal never reaches one; a pipe gets the text as it is.
    """
    thinking = False
    for piece in answer:
        if piece.thinking != thinking:
            thinking = piece.thinking
            write("Thinking...\n" if thinking else "\n...done thinking.\n\n")
        if said is not None and not thinking:
            said.append(piece.text)
        write(printable(piece.text) if terminal else piece.text)
