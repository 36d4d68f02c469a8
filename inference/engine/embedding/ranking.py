"""A query and a document as the one input that a model which ranks was trained on. Pure.

As llama.cpp's server builds it (tools/server/server-common.cpp, format_prompt_rerank): by the model's template named
``rerank``, or with its vocabulary's tokens before, between and behind the two. Control tokens that a text spells out
are control tokens nowhere: a document can't end itself and go on as something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

_PLACES = re.compile(r"(\{query\}|\{document\})")


class Tokenizer(Protocol):
    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]: ...


class RankFormat(Struct, frozen=True, kw_only=True):
    """``template`` has ``{query}`` and ``{document}``; without one the tokens stand around the two texts."""

    template: str = ""
    before: tuple[int, ...] = ()
    between: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of a query and a document, the document's own apart."""

    head: list[int]
    document: list[int]
    tail: list[int]

    def cut(self, n: int) -> list[int]:
        """At most ``n`` tokens, at the price of the document's end; more where the rest alone is longer."""
        room = max(0, n - len(self.head) - len(self.tail))
        return self.head + self.document[:room] + self.tail


class PairTokens:
    def __init__(self, tokenizer: Tokenizer, form: RankFormat) -> None:
        self._tokenizer = tokenizer
        self._form = form

    def whole(self, query: str, document: str) -> list[int]:
        if self._form.template and self._is_plain(query) and self._is_plain(document):
            # In one go: a word and the blank before it may be one token.
            texts = {"{query}": query, "{document}": document}
            return self._special("".join(texts.get(part, part) for part in _PLACES.split(self._form.template)))
        pair = self.pair(query, document)
        return pair.head + pair.document + pair.tail

    def pair(self, query: str, document: str) -> Pair:
        """In parts, of which the document can be cut."""
        form = self._form
        if not form.template:
            head = [*form.before, *self._plain(query), *form.between]
            return Pair(head, self._plain(document), list(form.after))
        parts = list(self._template_parts(query, document))
        place = next((i for i, (is_document, _) in enumerate(parts) if is_document), len(parts))
        own = parts[place][1] if place < len(parts) else []
        return Pair(_joined(parts[:place]), own, _joined(parts[place + 1 :]))

    def _template_parts(self, query: str, document: str) -> Iterator[tuple[bool, list[int]]]:
        for part in _PLACES.split(self._form.template):
            if part == "{document}":
                yield True, self._plain(document)
            elif part:
                yield False, self._plain(query) if part == "{query}" else self._special(part)

    def _is_plain(self, text: str) -> bool:
        return self._plain(text) == self._special(text)

    def _plain(self, text: str) -> list[int]:
        return self._tokenizer.tokenize(text, add_special=False, parse_special=False)

    def _special(self, text: str) -> list[int]:
        return self._tokenizer.tokenize(text, add_special=False, parse_special=True)


def _joined(parts: list[tuple[bool, list[int]]]) -> list[int]:
    return [token for _, tokens in parts for token in tokens]
