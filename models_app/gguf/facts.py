"""What a model's GGUF file says that the catalog lists and the engine plans with. Pure: from metadata to facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models_app.errors import InvalidGGUF
from models_app.gguf.file import GGUFArray, GGUFFile
from models_app.gguf.types import FILE_TYPES, STRING

_MAX_LAYERS = 4_096
_MAX_LENGTH = (1 << 31) - 1
_RANK = 4  # llama.h, enum llama_pooling_type
# The tokens around a gap, by their names of today and of before (gguf's constants).
_INSERT_TOKENS = (("fim_pre", "fim_suf", "fim_mid"), ("prefix", "suffix", "middle"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GGUFFacts:
    """Lengths in tokens or numbers, 0 where the file doesn't say.

    ``kv_bytes_per_token`` is the f16 cache of all layers, each counted as full attention: an upper bound for models
    with sliding windows or recurrent layers. ``capabilities`` are those that need no template.
    """

    architecture: str
    kind: str
    parameter_count: int
    quantization: str
    context_length: int
    embedding_length: int
    n_vocab: int
    kv_bytes_per_token: int
    chat_template: str
    licence: str
    capabilities: tuple[str, ...]
    n_splits: int
    metadata: dict[str, Any]

    @property
    def parameter_size(self) -> str:
        return human_number(self.parameter_count)


def gguf_facts(file: GGUFFile) -> GGUFFacts:
    """Raises InvalidGGUF where a value the engine plans with is of another type or out of range."""
    architecture = _text(file, "general.architecture")
    if not architecture or len(architecture) > 80:
        raise InvalidGGUF("general.architecture is missing")
    chat_template = _text(file, "tokenizer.chat_template")
    return GGUFFacts(
        architecture=architecture,
        kind=_text(file, "general.type") or "model",
        parameter_count=sum(tensor.n_elements for tensor in file.tensors),
        quantization=_quantization(file),
        context_length=_length(file, f"{architecture}.context_length"),
        embedding_length=_length(file, f"{architecture}.embedding_length"),
        n_vocab=_n_vocab(file, architecture),
        kv_bytes_per_token=kv_bytes_per_token(file, architecture),
        chat_template=chat_template,
        licence=_text(file, "general.license") or _text(file, "general.license.name"),
        capabilities=capabilities(file, architecture),
        n_splits=_length(file, "split.count"),
        metadata=file.metadata(),
    )


def capabilities(file: GGUFFile, architecture: str) -> tuple[str, ...]:
    """Ollama's words (types/model/capability.go), found by its rules (server/images.go), but for those that a template
    adds. Ollama knows insert by templates only."""
    if architecture == "clip":
        found = {"vision": file.get("clip.has_vision_encoder"), "audio": file.get("clip.has_audio_encoder")}
        return tuple(word for word, present in found.items() if present)
    words = [_purpose(file.get(f"{architecture}.pooling_type"))]
    words += [w for w in ("vision", "audio") if f"{architecture}.{w}.block_count" in file.values]
    if architecture in ("gptoss", "gpt-oss"):
        words.append("thinking")
    if any(all(f"tokenizer.ggml.{name}_token_id" in file.values for name in names) for names in _INSERT_TOKENS):
        words.append("insert")
    return tuple(words)


def _purpose(pooling: object) -> str:
    """A classifier's scores are no embedding; Ollama has no word for models that rank."""
    if pooling is None:
        return "completion"
    return "rerank" if pooling == _RANK else "embedding"


def kv_bytes_per_token(file: GGUFFile, architecture: str) -> int:
    """Bytes of one token's keys and values at f16, over all layers (llama.cpp's n_embd_k_gqa + n_embd_v_gqa)."""
    n_layers = _length(file, f"{architecture}.block_count")
    if n_layers > _MAX_LAYERS:
        raise InvalidGGUF(f"{n_layers} layers")
    heads = _per_layer(file, f"{architecture}.attention.head_count", n_layers, default=0)
    heads_kv = _per_layer(file, f"{architecture}.attention.head_count_kv", n_layers, default=None) or heads
    head_size = _length(file, f"{architecture}.embedding_length") // max(*heads, 1) if heads else 0
    key = _length(file, f"{architecture}.attention.key_length") or head_size
    value = _length(file, f"{architecture}.attention.value_length") or head_size
    total = sum(heads_kv) * (key + value) * 2
    if total >= 1 << 63:
        raise InvalidGGUF("the attention's sizes are out of range")
    return total


def human_number(number: int) -> str:
    """``134515008`` as ``134.52M``: Ollama's parameter size (format/format.go)."""
    if number >= 1_000_000_000:
        return f"{number / 1e9:.0f}B" if number % 1_000_000_000 == 0 else f"{number / 1e9:.1f}B"
    if number >= 1_000_000:
        return f"{number / 1e6:.0f}M" if number % 1_000_000 == 0 else f"{number / 1e6:.2f}M"
    return f"{number / 1e3:.0f}K" if number >= 1_000 else str(number)


def _quantization(file: GGUFFile) -> str:
    file_type = file.get("general.file_type")
    if type(file_type) is int and file_type in FILE_TYPES:
        return FILE_TYPES[file_type]
    # Files without it: the type that holds most of the weights names the file as well as anything can.
    sizes: dict[str, int] = {}
    for tensor in file.tensors:
        sizes[tensor.type_name] = sizes.get(tensor.type_name, 0) + tensor.size_bytes
    return max(sizes, key=lambda name: sizes[name], default="unknown")


def _n_vocab(file: GGUFFile, architecture: str) -> int:
    tokens = file.get("tokenizer.ggml.tokens")
    if isinstance(tokens, GGUFArray):
        return tokens.n_values
    return _length(file, f"{architecture}.vocab_size")


def _per_layer(file: GGUFFile, key: str, n_layers: int, *, default: int | None) -> list[int]:
    value = file.get(key)
    if value is None:
        return [] if default is None else [default] * n_layers
    if not isinstance(value, GGUFArray):
        return [_length(file, key)] * n_layers
    if value.value_type == STRING or value.n_values > _MAX_LAYERS:
        raise InvalidGGUF(f"{key} is not a number for each layer")
    return [_checked(key, item) for item in file.read_array(value)][:n_layers]


def _length(file: GGUFFile, key: str) -> int:
    value = file.get(key)
    return 0 if value is None else _checked(key, value)


def _checked(key: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_LENGTH:
        raise InvalidGGUF(f"{key} is not a number in range")
    return value


def _text(file: GGUFFile, key: str) -> str:
    value = file.get(key)
    return value if isinstance(value, str) else ""
