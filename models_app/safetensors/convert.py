"""From a folder to a GGUF file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models_app.errors import UnsupportedModel
from models_app.gguf.writer import NewTensor, Value, gguf_write
from models_app.safetensors import bert, sentencepiece, tokenizer_json
from models_app.safetensors.decoder import FAMILIES, decoder_metadata, decoder_tensors
from models_app.safetensors.folder import Folder
from models_app.safetensors.lora import BaseModel, lora_metadata, lora_tensors
from models_app.safetensors.settings import Settings
from models_app.safetensors.vocabulary import (
    Vocabulary,
    chat_template,
    padded,
    special_metadata,
    vocabulary_metadata,
)

_MOSTLY_F16 = 1  # llama.h, LLAMA_FTYPE_MOSTLY_F16

OnTensor = Callable[[int, int], None]


def model_convert(folder: Folder, destination: Path, *, on_tensor: OnTensor) -> None:
    """``on_tensor(done, total)``. Raises InvalidCreate, UnsupportedModel; then ``destination`` may hold a part."""
    settings = Settings(folder)
    family = FAMILIES.get(settings.architecture)
    if family is not None:
        metadata = decoder_metadata(settings, family)
        tensors = decoder_tensors(folder.tensors(), settings, family)
    elif settings.architecture == bert.ARCHITECTURE:
        metadata = bert.bert_metadata(settings, folder)
        tensors = bert.bert_tensors(folder.tensors())
    else:
        known = ", ".join([*FAMILIES, bert.ARCHITECTURE])
        raise UnsupportedModel(
            f"models of the architecture {settings.architecture[:80]} can't be converted; supported are {known}"
        )
    rows = next(tensor.shape[0] for tensor in tensors if tensor.name == "token_embd.weight")
    _write(destination, metadata | _general() | _vocabulary(folder, rows), tensors, on_tensor)


def adapter_convert(folder: Folder, base: BaseModel, destination: Path, *, on_tensor: OnTensor) -> None:
    """Raises InvalidCreate, UnsupportedModel."""
    _write(destination, lora_metadata(folder, base), lora_tensors(folder, base), on_tensor)


def _general() -> dict[str, Value]:
    return {"general.type": "model", "general.file_type": _MOSTLY_F16}


def _vocabulary(folder: Folder, n_rows: int) -> dict[str, Value]:
    vocabulary = padded(_read_vocabulary(folder), n_rows)
    template = chat_template(folder)
    named: dict[str, Value] = {"tokenizer.chat_template": template} if template else {}
    return vocabulary_metadata(vocabulary) | special_metadata(folder, vocabulary) | named


def _read_vocabulary(folder: Folder) -> Vocabulary:
    if folder.has(sentencepiece.NAME):
        return sentencepiece.vocabulary_read(folder)
    return tokenizer_json.vocabulary_read(folder)


def _write(destination: Path, metadata: dict[str, Value], tensors: list[NewTensor], on_tensor: OnTensor) -> None:
    with destination.open("xb") as file:
        gguf_write(file, metadata, tensors, on_tensor=lambda done: on_tensor(done, len(tensors)))
