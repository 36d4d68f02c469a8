"""Text that arrives in pieces, read by generators that stop where they need more of it.

A reader is written straight down, as if it had the whole text, and ``yield from``s the methods here. What it reads
depends on the text alone and never on where the pieces end, so that streamed and whole output parse alike. Between two
pieces no more is kept than a marker that may have begun: reading is linear however small the pieces are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Step = Generator[None, None, T]
Sink = Callable[[str], None]
SPACES = re.compile(r"\s*")


class Malformed(Exception):
    """What was read is no call: it is text."""


class Refused(Malformed):
    """A call that may not leave: ``text`` is what it says."""

    def __init__(self, text: str) -> None:
        self.text = text


class Ended(Exception):
    """The text ended within a call."""


class Markers:
    """Texts to look for, none of them within another (or the first one found would depend on the pieces)."""

    def __init__(self, *texts: str) -> None:
        if any(one != other and one in other for one in texts for other in texts):
            raise ValueError(f"one of the markers contains another: {texts}")
        self._texts = tuple(dict.fromkeys(texts))
        self._longest = max(map(len, texts))
        self._firsts = {text[0] for text in texts}
        self._pattern = re.compile("|".join(map(re.escape, self._texts)))

    def find(self, text: str, start: int) -> re.Match[str] | None:
        return self._pattern.search(text, start)

    def begun(self, text: str, start: int) -> int:
        """Where at the end of ``text`` a marker may have begun; its length if none has."""
        for at in range(max(start, len(text) - self._longest + 1), len(text)):
            if text[at] in self._firsts and any(marker.startswith(text[at:]) for marker in self._texts):
                return at
        return len(text)


class Characters(Markers):
    """Any character of a class, in a regular expression's words."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def begun(self, text: str, start: int) -> int:
        return len(text)


class Source:
    """Belongs to one parser, and to the thread that feeds it."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._closed = False
        self._recorded: list[str] | None = None

    def push(self, text: str) -> None:
        self._text = self._text[self._at :] + text
        self._at = 0

    def close(self) -> None:
        self._closed = True

    def record(self, *already: str) -> None:
        """From here on what is read is remembered, behind ``already``."""
        self._recorded = list(already)

    def recorded(self) -> str:
        text = "".join(self._recorded or ())
        self._recorded = None
        return text

    def unread(self, text: str) -> None:
        """Puts text that was read back in front of what was not."""
        self._text = text + self._text[self._at :]
        self._at = 0

    def until(self, markers: Markers, sink: Sink) -> Step[str]:
        """Text goes to ``sink`` up to the first marker, which is consumed and returned; "" at the text's end."""
        while True:
            found = markers.find(self._text, self._at)
            if found is not None:
                self._pass_on(found.start(), sink)
                return self._take(found.end())
            self._pass_on(len(self._text) if self._closed else markers.begun(self._text, self._at), sink)
            if self._closed:
                return ""
            yield

    def rest(self, sink: Sink) -> Step[None]:
        """All there is, to its end."""
        while True:
            self._pass_on(len(self._text), sink)
            if self._closed:
                return
            yield

    def collect(self, markers: Markers) -> Step[tuple[str, str]]:
        """The text before the first marker, and the marker. Raises Ended."""
        pieces: list[str] = []
        marker = yield from self.until(markers, pieces.append)
        if not marker:
            raise Ended
        return "".join(pieces), marker

    def spaces(self) -> Step[str]:
        """White space, consumed."""
        pieces: list[str] = []
        while True:
            found = SPACES.match(self._text, self._at)
            if found is not None and found.end() > self._at:
                pieces.append(self._take(found.end()))
            if self._at < len(self._text) or self._closed:
                return "".join(pieces)
            yield

    def looking_at(self, *texts: str) -> Step[str]:
        """Which of ``texts`` comes next, not consumed; "" for none. None of them may begin another."""
        while True:
            rest = self._text[self._at : self._at + max(map(len, texts))]
            for text in texts:
                if rest.startswith(text):
                    return text
            if self._closed or not any(text.startswith(rest) for text in texts):
                return ""
            yield

    def accept(self, *texts: str) -> Step[str]:
        """Which of ``texts`` comes next, consumed; "" for none."""
        found = yield from self.looking_at(*texts)
        return self._take(self._at + len(found)) if found else ""

    def expect(self, *texts: str) -> Step[str]:
        """As ``accept``. Raises Malformed, or Ended where the text does."""
        found = yield from self.accept(*texts)
        if not found:
            raise Ended if (yield from self.at_end()) else Malformed
        return found

    def peek(self) -> Step[str]:
        """The next character, not consumed; "" at the text's end."""
        while self._at >= len(self._text) and not self._closed:
            yield
        return self._text[self._at : self._at + 1]

    def at_end(self) -> Step[bool]:
        return not (yield from self.peek())

    def one(self) -> Step[str]:
        """The next character, consumed. Raises Ended."""
        if not (yield from self.peek()):
            raise Ended
        return self._take(self._at + 1)

    def _pass_on(self, end: int, sink: Sink) -> None:
        if end > self._at:
            sink(self._take(end))

    def _take(self, end: int) -> str:
        piece = self._text[self._at : end]
        self._at = end
        if self._recorded is not None:
            self._recorded.append(piece)
        return piece
