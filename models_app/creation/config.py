"""The config of the new model: what the request says, else what the base says, else what the model's file says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from models_app.creation.base import Base
from models_app.creation.parts import Part, of_type
from models_app.creation.request import CreateRequest
from models_app.errors import InvalidCreate
from models_app.manifests import DRAFT_TYPE, MODEL_TYPE
from models_app.model_config import ModelConfig

_MAX_NUMBER = 2**63 - 1


def config_make(base: Base, parts: list[Part], request: CreateRequest) -> ModelConfig:
    """Raises InvalidCreate for an ``info`` field of the wrong type (CreateHandler, server/create.go)."""
    config = ModelConfig(
        renderer=request.renderer or base.config.renderer,
        parser=request.parser or base.config.parser,
        requires=request.requires or base.config.requires,
        model_format=base.config.model_format,
        capabilities=(*(base.config.capabilities or ()), *_words(request.info)),
        model_family=_text(request.info, "model_family"),
        base_name=_text(request.info, "base_name"),
        file_type=_text(request.info, "quantization_level"),
        model_type=_text(request.info, "parameter_size"),
        context_length=_count(request.info, "context_length"),
        embedding_length=_count(request.info, "embedding_length"),
    )
    config = replace(config, model_families=(config.model_family,) if config.model_family else ())
    for part in of_type(parts, MODEL_TYPE):
        config = _with_model(config, part)
    for part in of_type(parts, DRAFT_TYPE):
        assert part.facts is not None
        config = replace(config, draft={"model_format": "gguf", "architecture": part.facts.architecture})
    return config


def _with_model(config: ModelConfig, part: Part) -> ModelConfig:
    assert part.facts is not None
    return replace(
        config,
        model_format=config.model_format or "gguf",
        model_family=config.model_family or part.facts.architecture,
        model_type=config.model_type or part.facts.parameter_size,
        file_type=config.file_type or part.facts.quantization,
        model_families=(*(config.model_families or ()), part.facts.architecture),
    )


def _words(info: Mapping[str, Any]) -> list[str]:
    words = info.get("capabilities")
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _text(info: Mapping[str, Any], name: str) -> str:
    value = info.get(name, "")
    if not isinstance(value, str):
        raise InvalidCreate(f'info field "{name}" must be a string')
    return value


def _count(info: Mapping[str, Any], name: str) -> int:
    value = info.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCreate(f'info field "{name}" must be a number')
    if not 0 <= value <= _MAX_NUMBER or value != int(value):
        raise InvalidCreate(f'info field "{name}" must be a non-negative integer')
    return int(value)
