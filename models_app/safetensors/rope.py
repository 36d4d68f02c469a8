"""How positions are stretched beyond the context a model was first trained for."""

from __future__ import annotations

import math

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.gguf.writer import NewTensor, Value
from models_app.safetensors.output import numbers
from models_app.safetensors.settings import Settings


def rope_metadata(settings: Settings, architecture: str) -> dict[str, Value]:
    """llama.cpp's keys. Raises UnsupportedModel for a way it doesn't know."""
    metadata: dict[str, Value] = {f"{architecture}.rope.freq_base": settings.rope_theta}
    match rope_type(settings):
        case "" | "default" | "llama3":
            return metadata
        case "linear" | "yarn" as kind:
            metadata[f"{architecture}.rope.scaling.type"] = kind
            metadata[f"{architecture}.rope.scaling.factor"] = settings.rope_number("factor")
            if kind == "yarn" and "original_max_position_embeddings" in settings.rope:
                original = int(settings.rope_number("original_max_position_embeddings"))
                metadata[f"{architecture}.rope.scaling.original_context_length"] = original
            return metadata
        case kind:
            raise UnsupportedModel(f"rotary positions scaled by {kind[:40]!r} can't be converted")


def rope_type(settings: Settings) -> str:
    kind = settings.rope.get("rope_type", settings.rope.get("type"))
    return kind if isinstance(kind, str) else ""


def rope_tensor(settings: Settings, *, head_size: int) -> NewTensor | None:
    """Llama 3's factors, one for each pair of a head's numbers: slow waves are stretched, fast ones are not."""
    if rope_type(settings) != "llama3":
        return None
    factor = settings.rope_number("factor", 8.0)
    low, high = settings.rope_number("low_freq_factor", 1.0), settings.rope_number("high_freq_factor", 4.0)
    original = settings.rope_number("original_max_position_embeddings", 8192.0)
    if min(factor, low, original) <= 0 or high <= low or not 0 < settings.rope_theta < math.inf:
        raise InvalidCreate("config.json: the rotary positions' factors make no sense")
    waves = [2 * math.pi * settings.rope_theta ** (i / head_size) for i in range(0, head_size, 2)]
    return numbers("rope_freqs.weight", [_factor(wave, factor, low, high, original) for wave in waves])


def _factor(wave: float, factor: float, low: float, high: float, original: float) -> float:
    if wave < original / high:
        return 1.0
    if wave > original / low:
        return factor
    smooth = (original / wave - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
