"""The trial process: compiles one constraint, under the kernel's limits, to see whether it can be done.

A program of its own, run by its path: one JSON object comes in, one goes out. See this package's ``try_grammar``.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from typing import Any

N_BYTES = 256
END = N_BYTES


class Bytes:
    """A vocabulary of bytes and an end, in the form llguidance asks of tokenizers. A grammar's cost is hardly in its
    tokens."""

    bos_token_id = None
    eos_token_id = END
    tokens = (*(bytes([byte]) for byte in range(N_BYTES)), b"\xff</s>")

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


def main() -> None:
    order = json.load(sys.stdin)
    limit(resource.RLIMIT_CPU, order["cpu_seconds"])
    limit(resource.RLIMIT_AS, order["memory_bytes"])
    limit(resource.RLIMIT_CORE, 0)
    json.dump(try_to_compile(order), sys.stdout)


def limit(what: int, value: int) -> None:
    with contextlib.suppress(ValueError):  # macOS does not let all of them be set; the clock is left then
        resource.setrlimit(what, (value, value))


def try_to_compile(order: dict[str, Any]) -> dict[str, Any]:
    """``{"grammar": …}`` or ``{"error": "<reason>"}``."""
    from convert import grammar_of  # type: ignore[import-not-found]
    from llguidance import LLMatcher, LLParserLimits, LLTokenizer
    from llguidance._tokenizer import TokenizerWrapper

    try:
        grammar = grammar_of(order["kind"], order["text"], order["options"])
    except ValueError as error:
        return {"error": str(error)}
    tokenizer = LLTokenizer(TokenizerWrapper(Bytes()), n_vocab=N_BYTES + 1)
    matcher = LLMatcher(
        tokenizer, json.dumps({"grammars": [grammar]}), log_level=0, limits=LLParserLimits(**order["limits"])
    )
    matcher.compute_bitmask()
    return {"error": matcher.get_error()} if matcher.is_error() else {"grammar": grammar}


if __name__ == "__main__":
    main()
