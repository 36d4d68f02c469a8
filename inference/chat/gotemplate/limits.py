"""What one rendering may use up. A template is a model file's, so it is untrusted (faults S25)."""

from __future__ import annotations

from inference.chat.gotemplate.printing import MAX_VALUE_CHARS

MAX_STEPS = 1_000_000
# A function reads and makes text at the price of a step for so many characters.
CHARS_PER_STEP = 100
# Blocks, parentheses and calls of templates, one within the other.
MAX_DEPTH = 100


class LimitReached(Exception):
    """``str`` is the reason."""


class Meter:
    """Counts steps and output down. One rendering's, on one thread. Raises LimitReached."""

    def __init__(self, *, max_steps: int = MAX_STEPS, max_chars: int = MAX_VALUE_CHARS) -> None:
        self._steps_left = max_steps
        self._chars_left = max_chars
        self._depth = 0
        self._output: list[str] = []

    def step(self, n_chars: int = 0) -> None:
        self._steps_left -= 1 + n_chars // CHARS_PER_STEP
        if self._steps_left < 0:
            raise LimitReached("takes too many steps")

    def enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise LimitReached("nested too deeply")

    def leave(self) -> None:
        self._depth -= 1

    def write(self, text: str) -> None:
        self._chars_left -= len(text)
        if self._chars_left < 0:
            raise LimitReached("made more text than the context could hold")
        self._output.append(text)

    def text(self) -> str:
        return "".join(self._output)
