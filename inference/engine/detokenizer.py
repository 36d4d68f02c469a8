"""Tokens' bytes into text a client may see: whole characters only, and nothing that may yet become a stop string."""

from __future__ import annotations

import codecs

from msgspec import Struct

from inference.events import TextDelta, TokenLogprob


class _Held(Struct, frozen=True):
    """A token whose text is not out yet; ``start`` is where its text begins, counted from the answer's beginning."""

    start: int
    logprob: TokenLogprob | None


class Detokenizer:
    """``feed`` gives what can go out after one more token. ``stop_sequence`` is set once a stop string was completed;
    the text before it has gone out then, and it and what follows never will."""

    def __init__(self, stops: tuple[str, ...] = ()) -> None:
        self.stop_sequence: str | None = None
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._split = False  # inside a character
        self._text = ""  # decoded, held back
        self._n_out = 0  # characters that went out
        self._held: list[_Held] = []

    def feed(self, piece: bytes, logprob: TokenLogprob | None = None) -> TextDelta | None:
        if not self._stops and not self._split and not self._held:
            try:
                text = piece.decode()
            except UnicodeDecodeError:
                pass
            else:
                return self._pass(text, logprob)
        return self._feed_slowly(piece, logprob)

    def _pass(self, text: str, logprob: TokenLogprob | None) -> TextDelta | None:
        if not text:
            self._held.append(_Held(self._n_out, logprob))
            return None
        self._n_out += len(text)
        return TextDelta(text, 1, (logprob,) if logprob is not None else ())

    def _feed_slowly(self, piece: bytes, logprob: TokenLogprob | None) -> TextDelta | None:
        self._held.append(_Held(self._n_out + len(self._text), logprob))
        self._text += self._decoder.decode(piece)
        self._split = bool(self._decoder.getstate()[0])
        found = self._find_stop()
        if found is not None:
            start, self.stop_sequence = found
            return self._release(start, drop_rest=True)
        return self._release(len(self._text) - self._n_undecided())

    def flush(self) -> TextDelta | None:
        """The answer is over: what was held for a stop that never came goes out, and U+FFFD for half a character."""
        if self.stop_sequence is not None:
            return None
        self._text += self._decoder.decode(b"", final=True)
        return self._release(len(self._text), drop_rest=True)

    def _find_stop(self) -> tuple[int, str] | None:
        found = [(self._text.find(stop), stop) for stop in self._stops if stop in self._text]
        return min(found, default=None)

    def _n_undecided(self) -> int:
        """The length of the longest end of the text that is the beginning of a stop string."""
        return max((_overlap(self._text, stop) for stop in self._stops), default=0)

    def _release(self, n_chars: int, *, drop_rest: bool = False) -> TextDelta | None:
        """The first ``n_chars`` of the held text, with the tokens whose text began in them."""
        text, self._text = self._text[:n_chars], self._text[n_chars:]
        self._n_out += n_chars
        if drop_rest:
            tokens, self._held = self._tokens_before(self._n_out + (self.stop_sequence is None)), []
        elif not text:
            return None
        else:
            tokens = self._tokens_before(self._n_out)
            self._held = self._held[len(tokens) :]
        if not text and not tokens:
            return None
        return TextDelta(text, len(tokens), tuple(each.logprob for each in tokens if each.logprob is not None))

    def _tokens_before(self, end: int) -> list[_Held]:
        return [each for each in self._held if each.start < end]


def _overlap(text: str, stop: str) -> int:
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
