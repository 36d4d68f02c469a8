"""From a constraint's text to llguidance's own form: a JSON object with a list of grammars.

No imports of this project: the trial process runs it, and starts faster without.
"""

from __future__ import annotations

import json
from typing import Any

from llguidance import LLMatcher, regex_to_lark
from llguidance.gbnf_to_lark import any_to_lark

Grammar = dict[str, Any]


def grammar_of(kind: str, text: str, options: dict[str, Any]) -> Grammar:
    """One grammar of llguidance's list. ``options`` are for JSON schemas. Raises ValueError; what it does not notice,
    llguidance's matcher does."""
    if kind == "json_schema":
        return _only(LLMatcher.grammar_from_json_schema(text, overrides=options))  # type: ignore[arg-type]
    if kind == "regex":
        # ECMAScript's classes, as in a schema's pattern: else \d is any script's digit, and \w any letter.
        return {"lark_grammar": f"start: /{regex_to_lark(text, 'dw')}/"}
    if kind == "gbnf":
        return {"lark_grammar": _lark_of_gbnf(text)}
    return {"lark_grammar": text}


def _only(compiled: str) -> Grammar:
    grammars: list[Grammar] = json.loads(compiled)["grammars"]
    return {name: value for name, value in grammars[0].items() if name != "name" and value is not None}


def _lark_of_gbnf(text: str) -> str:
    try:
        return str(any_to_lark(text))
    except RecursionError:
        raise ValueError("the grammar is nested too deeply") from None
    except Exception as error:
        # The converter has no class of its own for what it can't read.
        raise ValueError(str(error)) from error
