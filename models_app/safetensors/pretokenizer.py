"""Which of llama.cpp's ways to cut text into words a tokenizer has; it knows them by name and not by their rules."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from models_app.errors import UnsupportedModel

# The SHA-256 of all Split rules -> llama.cpp's name (Ollama's table, convert/tokenizer.go).
_BY_RULES: Final = {
    "d98f9631be1e9607a9848c26c1f9eac1aa9fc21ac6ba82a2fc0741af9780a48f": "llama-bpe",
    "03df5c5863ad70781dcfdef491ead25140f895fe8010964be0daefe27be32b02": "deepseek-llm",
    "21cde974d587f0d54dc8d56b183cc1e6239600172035c68fbd6d4b9f8da0576e": "deepseek-coder",
    "1ff7f41064896984db5d1bb6ff64fa4bc29007d08c1b439e505b7392777a319e": "qwen2",
    "00431aed57e696b747435f734d1e3b9b1bfd931a121fb5cac7129e97c181e9ba": "qwen35",
}


def pretokenizer_name(rules: Any) -> str:
    """Of the ``pre_tokenizer`` of a tokenizer.json. Raises UnsupportedModel: with another's cuts the model still runs,
    and understands less."""
    steps = _steps(rules)
    patterns = [pattern for step in steps if (pattern := _pattern(step))]
    if patterns:
        name = _BY_RULES.get(hashlib.sha256("".join(patterns).encode()).hexdigest())
        if name:
            return name
    match [step.get("type") for step in steps]:
        case ["ByteLevel"]:
            return "gpt-2"
        case ["Digits", "ByteLevel"] if steps[0].get("individual_digits"):
            return "smollm"
    raise UnsupportedModel("the tokenizer cuts text into words in a way that has no name in llama.cpp")


def _steps(rules: Any) -> list[dict[str, Any]]:
    if not isinstance(rules, dict):
        return []
    steps = rules.get("pretokenizers", [rules])
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _pattern(step: dict[str, Any]) -> str:
    pattern = step.get("pattern") if step.get("type") == "Split" else None
    text = pattern.get("Regex") if isinstance(pattern, dict) else None
    return text if isinstance(text, str) else ""
