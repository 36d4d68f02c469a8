"""Which files of a folder make a model (Ollama's filesForModel, parser/parser.go)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from models_app.errors import InvalidCreate

# The first kind that is there; of safetensors also those one folder down.
_WEIGHTS: Final = (
    ("model*.safetensors", "*/model*.safetensors"),
    ("adapter_model*.safetensors",),
    ("consolidated*.safetensors",),
    ("*.gguf",),
)
_COMPANIONS: Final = ("*.json", "*/*.json", "chat_template.jinja", "tokenizer.model", "*/tokenizer.model")
MAX_FILES: Final = 1000


def folder_files(folder: Path) -> dict[str, Path]:
    """Relative names and paths. Raises InvalidCreate for a folder without weights, or one with links out of it."""
    weights = next((found for patterns in _WEIGHTS if (found := _found(folder, patterns))), [])
    if not weights:
        raise InvalidCreate("no Modelfile or safetensors files found")
    companions = [] if weights[0].suffix == ".gguf" else _found(folder, _COMPANIONS)
    files = dict.fromkeys([*weights, *companions])
    if len(files) > MAX_FILES:
        raise InvalidCreate(f"the folder holds {len(files)} files, at most {MAX_FILES} make a model")
    for path in files:
        _require_inside(path, folder)
    return {path.relative_to(folder).as_posix(): path for path in files}


def _found(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _require_inside(path: Path, folder: Path) -> None:
    """A folder from somewhere else may link to files that nobody meant to give away."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidCreate(
            f"insecure path: {path.relative_to(folder)}; use --local-dir <dir> when downloading a model, so that its "
            "files are no links into a cache"
        )
