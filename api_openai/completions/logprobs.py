"""The legacy endpoint's own shape of logprobs: parallel lists (platform.openai.com/docs/api-reference/completions).

``text_offset`` counts characters of the choice's text, the echo included. A token that is no whole character is written
``bytes:\\xe2\\x82``, as OpenAI does. The chosen token is always among its alternatives, so these may be one more.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any

from inference.events import TokenLogprob


class LogprobsWriter:
    """One choice's, in pieces. Keeps count of the characters from one to the next."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._n_chars = 0

    def prompt(self, logprobs: Sequence[TokenLogprob], echo: str) -> dict[str, Any] | None:
        """Of the echo: there is nothing before the first token to guess it by.

        A tokenizer may begin with more than the text has (a token that begins every text, a space): that is at 0.
        """
        if not logprobs:
            return None
        self._n_chars = len(echo) - len(b"".join(one.data for one in logprobs).decode(errors="replace"))
        shown = self.answer(logprobs)
        assert shown is not None
        shown["token_logprobs"][0] = shown["top_logprobs"][0] = None
        self._decoder.reset()
        self._n_chars = len(echo)
        return shown

    def echo(self, echo: str) -> None:
        """The same where no logprobs of the prompt are wanted."""
        self._n_chars = len(echo)

    def answer(self, logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        if not logprobs:
            return None
        return {
            "tokens": [token_text(one) for one in logprobs],
            "token_logprobs": [one.logprob for one in logprobs],
            "top_logprobs": [_alternatives(one) for one in logprobs],
            "text_offset": [self._offset(one) for one in logprobs],
        }

    def _offset(self, one: TokenLogprob) -> int:
        offset = max(0, self._n_chars)
        self._n_chars += len(self._decoder.decode(one.data))
        return offset


def joined(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    if first is None or second is None:
        return first or second
    return {name: values + second[name] for name, values in first.items()}


def token_text(one: TokenLogprob) -> str:
    try:
        return one.data.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in one.data)


def _alternatives(one: TokenLogprob) -> dict[str, float]:
    """Of two tokens with one text the likelier."""
    found: dict[str, float] = {}
    for each in (*one.top, one):
        found.setdefault(token_text(each), each.logprob)
    return found
