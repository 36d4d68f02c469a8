"""A vocabulary as GGUF has it (ggml's gguf.md, tokenizer.ggml.*)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

from models_app.errors import InvalidCreate
from models_app.gguf.writer import Value
from models_app.safetensors.folder import Folder


class TokenType(IntEnum):
    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """``model`` is llama.cpp's tokenizer: "gpt2" (BPE of bytes), "llama" (SentencePiece) or "bert" (WordPiece)."""

    model: str
    pre: str
    tokens: list[str]
    types: list[TokenType]
    scores: list[float] | None = None
    merges: list[str] | None = None
    add_space_prefix: bool | None = None


# Hugging Face's name of a special token -> GGUF's, spelt as it is there.
_SPECIAL: Final = {
    "bos": "bos", "eos": "eos", "unk": "unknown", "sep": "seperator", "pad": "padding", "cls": "cls", "mask": "mask",
}  # fmt: skip


def padded(vocabulary: Vocabulary, n_rows: int) -> Vocabulary:
    """With a token for each row of the embeddings, of which many models have more. Raises InvalidCreate for fewer."""
    n_missing = n_rows - len(vocabulary.tokens)
    if n_missing < 0:
        raise InvalidCreate(f"the tokenizer has {len(vocabulary.tokens)} tokens, the model only {n_rows}")
    first = len(vocabulary.tokens)
    return replace(
        vocabulary,
        tokens=[*vocabulary.tokens, *(f"[PAD{first + number}]" for number in range(n_missing))],
        types=[*vocabulary.types, *([TokenType.UNUSED] * n_missing)],
        scores=None if vocabulary.scores is None else [*vocabulary.scores, *([-1000.0] * n_missing)],
    )


def vocabulary_metadata(vocabulary: Vocabulary) -> dict[str, Value]:
    known: dict[str, Value | None] = {
        "model": vocabulary.model,
        "pre": vocabulary.pre,
        "tokens": vocabulary.tokens,
        "token_type": [int(kind) for kind in vocabulary.types],
        "scores": vocabulary.scores,
        "merges": vocabulary.merges,
        "add_space_prefix": vocabulary.add_space_prefix,
    }
    return {f"tokenizer.ggml.{name}": value for name, value in known.items() if value is not None}


def special_metadata(folder: Folder, vocabulary: Vocabulary) -> dict[str, Value]:
    """Which tokens begin, end and fill: the tokenizer's own word first, else the model's configuration."""
    about, config = folder.object("tokenizer_config.json"), folder.object("config.json")
    ids = {token: number for number, token in enumerate(vocabulary.tokens)}
    metadata: dict[str, Value] = {}
    for name, ours in _SPECIAL.items():
        content = _content(about.get(f"{name}_token"))
        number = ids[content] if content and content in ids else _number(config.get(f"{name}_token_id"))
        if number is not None and 0 <= number < len(ids):
            metadata[f"tokenizer.ggml.{ours}_token_id"] = number
        if isinstance(about.get(f"add_{name}_token"), bool):
            metadata[f"tokenizer.ggml.add_{name}_token"] = about[f"add_{name}_token"]
    return metadata


def chat_template(folder: Folder) -> str:
    """The file of its own first, as transformers reads it; of several named ones the default."""
    if folder.has("chat_template.jinja"):
        return folder.text("chat_template.jinja")
    template = folder.object("tokenizer_config.json").get("chat_template")
    if isinstance(template, list):
        named = [entry for entry in template if isinstance(entry, dict) and entry.get("name") == "default"]
        template = named[0].get("template") if named else None
    return template if isinstance(template, str) else ""


def _content(token: Any) -> str:
    """A special token is written as a text or as an object."""
    token = token.get("content") if isinstance(token, dict) else token
    return token if isinstance(token, str) else ""


def _number(value: Any) -> int | None:
    value = value[0] if isinstance(value, list) and value else value
    return value if type(value) is int else None
