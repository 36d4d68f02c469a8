"""config.json: what every architecture reads of it, under the several names it has had."""

from __future__ import annotations

from typing import Any

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.safetensors.folder import Folder

_MAX = 1 << 31
_MAX_FLOAT = 3e38  # of 32 bits, as GGUF has them


class Settings:
    """Typed access. Raises InvalidCreate for a value that is missing or of another type."""

    def __init__(self, folder: Folder) -> None:
        self._values = folder.json("config.json", dict[str, Any])
        # transformers 5 writes rope_parameters, before it were rope_scaling and rope_theta.
        rope = self._values.get("rope_parameters") or self._values.get("rope_scaling") or {}
        self.rope: dict[str, Any] = rope if isinstance(rope, dict) else {}

    @property
    def architecture(self) -> str:
        names = self._values.get("architectures")
        if not isinstance(names, list) or not names or not isinstance(names[0], str):
            raise UnsupportedModel("config.json names no architecture")
        return names[0]

    @property
    def tied(self) -> bool:
        """The output's weights are the embeddings'."""
        return self._values.get("tie_word_embeddings") is True

    @property
    def rope_theta(self) -> float:
        given = (self._values.get("rope_theta"), self.rope.get("rope_theta"))
        return self._float("rope_theta", next((value for value in given if value is not None), 10_000.0))

    def count(self, *names: str, default: int | None = None) -> int:
        value = next((self._values[name] for name in names if self._values.get(name) is not None), default)
        if type(value) is not int or not 0 < value < _MAX:
            raise InvalidCreate(f"config.json: {names[0]} is not a number in range")
        return value

    def number(self, *names: str) -> float:
        value = next((self._values[name] for name in names if self._values.get(name) is not None), None)
        return self._float(names[0], value)

    def rope_number(self, name: str, default: float | None = None) -> float:
        return self._float(name, self.rope.get(name, default))

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    @staticmethod
    def _float(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidCreate(f"config.json: {name} is not a number")
        if not -_MAX_FLOAT <= value <= _MAX_FLOAT:
            raise InvalidCreate(f"config.json: {name} is not a number in range")
        return float(value)
