"""The files of a model, by their relative names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from models_app.errors import InvalidCreate
from models_app.safetensors.reader import SourceTensor, tensors_read

T = TypeVar("T")

MAX_JSON_BYTES: Final = 256 << 20
MAX_TEXT_BYTES: Final = 1 << 20


class Folder:
    """Reads what is there. Raises InvalidCreate for what is missing, too long, or not the JSON it has to be."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def has(self, name: str) -> bool:
        return name in self._files

    def data(self, name: str, *, max_bytes: int) -> bytes:
        if name not in self._files:
            raise InvalidCreate(f"{name} is missing")
        with self._files[name].open("rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise InvalidCreate(f"{name} is longer than {max_bytes} bytes")
        return data

    def text(self, name: str) -> str:
        return self.data(name, max_bytes=MAX_TEXT_BYTES).decode("utf-8", "replace")

    def json(self, name: str, into: type[T]) -> T:
        try:
            return msgspec.json.decode(self.data(name, max_bytes=MAX_JSON_BYTES), type=into)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidCreate(f"{name}: {str(error)[:200]}") from None

    def object(self, name: str) -> dict[str, Any]:
        """An object, empty where there is no such file."""
        return self.json(name, dict[str, Any]) if self.has(name) else {}

    def tensors(self) -> dict[str, SourceTensor]:
        """Of the weights in the folder itself: those below it are of other formats."""
        weights = {
            name: path for name, path in self._files.items() if name.endswith(".safetensors") and "/" not in name
        }
        return tensors_read(weights)
