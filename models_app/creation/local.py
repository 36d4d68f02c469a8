"""A Modelfile on this machine: its names and paths found, its files brought into the store (Ollama's CreateRequest).

For the command line only: what comes over the network never names a path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from models_app.creation.folder import folder_files
from models_app.creation.local_files import file_store
from models_app.creation.recipe import request_of_recipe
from models_app.creation.request import CreateRequest
from models_app.errors import InvalidCreate
from models_app.modelfile import Recipe
from models_app.progress import OnProgress, Progress
from models_app.services.pull import Cancelled

Store = Callable[[Path], str]


def request_of_local(
    recipe: Recipe,
    *,
    folder: Path,
    model: str,
    quantize: str = "",
    draft_quantize: str = "",
    on_progress: OnProgress,
    cancelled: Cancelled,
) -> CreateRequest:
    """``folder`` is what relative paths start from. What FROM names and is no file is a model's name.

    Raises InvalidCreate, InvalidSource, NotEnoughSpace, TransferCancelled.
    """
    on_progress(Progress(status="gathering model components"))

    def stored(texts: Iterable[str]) -> dict[str, str]:
        found = [item for text in texts for item in _files(text, folder).items()]
        return _unique([(name, file_store(path, on_progress, cancelled)) for name, path in found])

    names = [source for source in recipe.sources if _is_name(source, folder)]
    return request_of_recipe(
        recipe,
        model=model,
        source=names[-1] if names else "",
        files=stored(source for source in recipe.sources if source not in names) or None,
        adapters=stored(recipe.adapters),
        draft_files=stored(recipe.drafts),
        quantize=quantize,
        draft_quantize=draft_quantize,
    )


def _is_name(text: str, folder: Path) -> bool:
    written_as_path = text.startswith(("/", "./", "../", "~", "\\")) or text in ("", ".", "..")
    return not written_as_path and not os.path.lexists(_expanded(text, folder))


def _files(text: str, folder: Path) -> dict[str, Path]:
    """The files by the names that the request gives them."""
    path = _expanded(text, folder)
    if not path.exists():
        raise InvalidCreate(f"{text[:200]}: no such file or directory")
    return folder_files(path) if path.is_dir() else {path.name: path}


def _expanded(text: str, folder: Path) -> Path:
    return folder / Path(text.replace("\0", "")).expanduser()


def _unique(files: list[tuple[str, str]]) -> dict[str, str]:
    """Files of one name from several folders keep apart."""
    unique: dict[str, str] = {}
    for name, digest in files:
        number = 2
        chosen = name
        while unique.get(chosen, digest) != digest:
            chosen = f"{number}/{name}"
            number += 1
        unique[chosen] = digest
    return unique
