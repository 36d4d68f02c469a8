"""Words kept whole at the right edge of a terminal, in text that is already being written.

A word's length is known only at its end: what of it stands on the line is erased and written again on the next one
(the way of Ollama's cmd/cmd.go, displayResponse).
"""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len, get_character_cell_size

_TAB = 8
_NARROWEST = 10


class Wrapper:
    """``columns`` is asked for each text: people resize their windows. What must not be wrapped stays out of it."""

    def __init__(self, columns: Callable[[], int]) -> None:
        self._columns = columns
        self._column = 0
        self._word = ""

    def feed(self, text: str) -> str:
        """``text`` as it is to be written now."""
        # The last column stays empty: a terminal has two minds about where the cursor is behind it.
        width = self._columns() - 1
        if width < _NARROWEST:
            return text
        return "".join(self._put(character, width) for character in text)

    def _put(self, character: str, width: int) -> str:
        if character == "\n":
            self._column, self._word = 0, ""
            return character
        size = self._size(character)
        if self._column + size > width:
            return self._break(character, size)
        self._column += size
        self._extend(character, size)
        return character

    def _size(self, character: str) -> int:
        return _TAB - self._column % _TAB if character == "\t" else get_character_cell_size(character)

    def _extend(self, character: str, size: int) -> None:
        """Wide characters are words of their own: their scripts break anywhere."""
        self._word = "" if character.isspace() or size > 1 else self._word + character

    def _break(self, character: str, size: int) -> str:
        if character in " \t":
            self._column, self._word = 0, ""
            return "\n"
        back = cell_len(self._word)
        # A word as long as the line is broken where it is, and one before a wide character has ended.
        moved = self._word if back < self._column and size < 2 else ""
        self._column, self._word = cell_len(moved) + size, moved
        self._extend(character, size)
        erase = f"\x1b[{back}D\x1b[K" if moved else ""
        return f"{erase}\n{moved}{character}"
