"""From a ``Constraint`` to llguidance's grammars: what the answer is, and the thinking in front of it."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from inference.constrain.limits import MAX_BYTES
from inference.constrain.schema import ANY_OBJECT, OPTIONS, is_trusted, is_trusted_lark, parsed
from inference.constrain.special import as_tokens, marker
from inference.constrain.trial import Grammar, try_grammar
from inference.constrain.vocabulary import Vocabulary
from inference.errors import InvalidConstraint
from inference.request import Constraint, ThinkingSpan

# White space between the end of thinking and the answer, where models put a line or two.
GAP = "/[ \\t\\r\\n]{0,4}/"


class Ask(Struct, frozen=True, kw_only=True):
    """A constraint as it holds for one answer. ``thinking`` is None where it holds from the first token on, and
    ``is_open`` says that the prompt ends inside of it. ``preserved``: see ``GenerateRequest``."""

    constraint: Constraint
    thinking: ThinkingSpan | None = None
    is_open: bool = False
    preserved: tuple[str, ...] = ()


def compile_grammar(ask: Ask, vocabulary: Vocabulary, tokenizer: Any) -> str:
    """The text that llguidance's matcher takes. Raises InvalidConstraint."""
    body = _body(ask.constraint)
    if "lark_grammar" in body:
        body = body | {"lark_grammar": as_tokens(body["lark_grammar"], ask.preserved, vocabulary, tokenizer)}
    if ask.thinking is None:
        return json.dumps({"grammars": [body]})
    thoughts = _thoughts(ask.thinking, vocabulary, tokenizer, is_open=ask.is_open)
    return json.dumps({"grammars": [{"name": "main", "lark_grammar": thoughts}, {"name": "answer", **body}]})


def _body(constraint: Constraint) -> Grammar:
    kind, text = constraint.kind, constraint.text
    if kind == "json":
        kind, text = "json_schema", ANY_OBJECT
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise InvalidConstraint(kind, f"it is longer than {MAX_BYTES >> 10} kB")
    if kind == "json_schema":
        schema = parsed(text)
        if is_trusted(text):
            return {"json_schema": schema | {"x-guidance": OPTIONS}}
        text = json.dumps(schema)
    if kind == "lark" and is_trusted_lark(text):
        return {"lark_grammar": text}
    return try_grammar(kind, text)


def _thoughts(span: ThinkingSpan, vocabulary: Vocabulary, tokenizer: Any, *, is_open: bool) -> str:
    """Any text up to the span's end, then the answer. The end is matched where it comes first."""
    start = "" if is_open else marker(span.start.strip(), vocabulary, tokenizer)
    end = span.end.strip()
    if "<[" in marker(end, vocabulary, tokenizer):
        return f"start: {start} /(.|\\n)*/ {marker(end, vocabulary, tokenizer)} {GAP} @answer"
    return f"start: {start} thoughts {GAP} @answer\nthoughts[suffix={json.dumps(end)}]: /(.|\\n)*/"
