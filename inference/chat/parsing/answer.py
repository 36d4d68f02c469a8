"""What a parser has made of the text so far: the deltas and calls since the last time they were taken."""

from __future__ import annotations

from inference.events import TextDelta, ThinkingDelta, ToolCall

Parsed = TextDelta | ThinkingDelta | ToolCall


class Answer:
    """Collects events, and decides about white space.

    White space is held back until it is known what follows: around thoughts it is markup and left out, and so it is
    in front of a call where ``trims`` is set. What follows thoughts begins with its first word. Everything else is
    passed on as it was.
    """

    def __init__(self, *, trims: bool) -> None:
        self._trims = trims
        self._events: list[ToolCall | tuple[type[TextDelta] | type[ThinkingDelta], list[str]]] = []
        self._pending: list[str] = []
        self._thoughts_pending: list[str] = []
        self._has_text = False
        self._behind_call = False
        self._drops_spaces = False
        self._thinks = False
        self.is_cut = False  # the text has ended within a call

    def take(self) -> list[Parsed]:
        events, self._events = self._events, []
        return [event if isinstance(event, ToolCall) else event[0]("".join(event[1]), n_tokens=0) for event in events]

    def text(self, piece: str) -> None:
        body = piece.rstrip() if self._trims else piece
        if self._drops_spaces:
            body = body.lstrip()
        if not body:
            if not self._drops_spaces:
                self._pending.append(piece)
            return
        self._add(TextDelta, "".join(self._pending) + body)
        self._pending = [piece[len(piece.rstrip()) :]] if self._trims else []
        self._has_text = True
        self._drops_spaces = self._behind_call = False

    def call(self, call: ToolCall) -> None:
        self._pending.clear()
        self._behind_call = True
        self._drops_spaces = self._trims and not self._has_text
        self._events.append(call)

    def thinking(self, piece: str) -> None:
        body = piece.rstrip() if self._thinks else piece.strip()
        if not body:
            if self._thinks:
                self._thoughts_pending.append(piece)
            return
        self._thinks = True
        self._add(ThinkingDelta, "".join(self._thoughts_pending) + body)
        self._thoughts_pending = [piece[len(piece.rstrip()) :]]

    def end_thinking(self) -> None:
        self._thoughts_pending.clear()
        self._pending.clear()
        self._thinks = False
        self._drops_spaces = True

    def finish(self) -> None:
        """The text has ended: white space that nothing followed is part of the text it stood behind."""
        self._add(ThinkingDelta, "".join(self._thoughts_pending))
        if not self._behind_call:
            self._add(TextDelta, "".join(self._pending))
        self._thoughts_pending, self._pending = [], []

    def _add(self, kind: type[TextDelta] | type[ThinkingDelta], text: str) -> None:
        """Joined when it is taken: joining here would copy a long answer once for each piece of it."""
        if not text:
            return
        last = self._events[-1] if self._events else None
        if isinstance(last, tuple) and last[0] is kind:
            last[1].append(text)
        else:
            self._events.append((kind, [text]))
