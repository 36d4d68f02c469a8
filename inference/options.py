"""Ollama's option names, their types and bounds, and what each of them sets (api/types.go, Options and Runner).

Three groups of names: *sampling* fills SamplingOptions, *request* fills GenerateRequest (num_predict, num_keep, stop,
and grammar, as its constraint), *load* fills LoadOptions and may mean that the model has to be loaded again. Names that
older clients still send and Ollama no longer knows are accepted and do nothing; any other name is reported back in
``ParsedOptions.ignored``.

The bounds are ours (Ollama has none): a value that llama.cpp would misread, NaN or a huge count is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from inference.config import LoadOptions
from inference.errors import InvalidOption
from inference.request import SamplingOptions

INT32_MAX = 2**31 - 1
SEED_MODULUS = 2**32 - 1  # llama.cpp takes 32 bits, and reads the highest value as "random"
MAX_STOP_STRINGS = 16
MAX_STOP_CHARS = 256
MAX_LOGIT_BIAS = 1024
MIN_NUM_CTX = 4  # Ollama raises smaller ones (llm/server.go)

Group = Literal["sampling", "request", "load"]
Convert = Callable[[str, Any], Any]


class ParsedOptions(Struct, frozen=True, kw_only=True):
    """What a request's options amount to, over the model's and over the defaults.

    ``load`` has only what somebody asked for, as fields of LoadOptions. ``ignored`` are the names nobody knows.
    """

    sampling: SamplingOptions = SamplingOptions()
    num_predict: int = -1
    num_keep: int = 4
    stop: tuple[str, ...] = ()
    grammar: str = ""
    load: dict[str, Any] = {}
    ignored: tuple[str, ...] = ()


class Option(NamedTuple):
    group: Group
    field: str
    convert: Convert


def integer(low: int, high: int = INT32_MAX) -> Convert:
    def convert(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise InvalidOption(name, f'option "{name}" must be of type integer')
        return int(_bounded(name, value, low, high))

    return convert


def number(low: float, high: float, *, above: bool = False) -> Convert:
    """``above``: the lower bound itself is excluded."""

    def convert(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidOption(name, f'option "{name}" must be of type float32')
        if above and value <= low:
            raise InvalidOption(name, f'option "{name}" must be greater than {low:g} and at most {high:g}')
        return float(_bounded(name, value, low, high))

    return convert


def boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(name, f'option "{name}" must be of type boolean')
    return value


def strings(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidOption(name, f'option "{name}" must be of type array')
    if not all(isinstance(item, str) for item in value):
        raise InvalidOption(name, f'option "{name}" must be of an array of strings')
    if len(value) > MAX_STOP_STRINGS or any(len(item) > MAX_STOP_CHARS for item in value):
        limit = f"at most {MAX_STOP_STRINGS} strings of at most {MAX_STOP_CHARS} characters"
        raise InvalidOption(name, f'option "{name}" must have {limit}')
    return tuple(item for item in value if item)  # an empty string would match at once


def grammar(name: str, value: Any) -> str:
    """GBNF, as llama.cpp's own server takes it; what is wrong with it, its compiler says."""
    if not isinstance(value, str):
        raise InvalidOption(name, f'option "{name}" must be of type string')
    return value


def biases(name: str, value: Any) -> dict[int, float]:
    """``{"<token id>": bias}`` as OpenAI writes it; a bias is between -100 (never) and 100."""
    if not isinstance(value, dict):
        raise InvalidOption(name, f'option "{name}" must be of type object')
    if len(value) > MAX_LOGIT_BIAS:
        raise InvalidOption(name, f'option "{name}" must have at most {MAX_LOGIT_BIAS} entries')
    weight = number(-100, 100)
    return {_token_id(name, token): weight(name, bias) for token, bias in value.items()}


def seed(name: str, value: Any) -> int:
    number_ = integer(-(2**63), 2**63 - 1)(name, value)
    return -1 if number_ < 0 else number_ % SEED_MODULUS


def at_least(minimum: int, convert: Convert) -> Convert:
    return lambda name, value: max(minimum, convert(name, value))


OPTIONS: dict[str, Option] = {
    "seed": Option("sampling", "seed", seed),
    "temperature": Option("sampling", "temperature", number(0, 100)),
    "top_k": Option("sampling", "top_k", at_least(0, integer(-1))),
    "top_p": Option("sampling", "top_p", number(0, 1)),
    "min_p": Option("sampling", "min_p", number(0, 1)),
    "typical_p": Option("sampling", "typical_p", number(0, 1)),
    "repeat_last_n": Option("sampling", "repeat_last_n", integer(-1)),
    "repeat_penalty": Option("sampling", "repeat_penalty", number(0, 10, above=True)),
    "presence_penalty": Option("sampling", "presence_penalty", number(-10, 10)),
    "frequency_penalty": Option("sampling", "frequency_penalty", number(-10, 10)),
    "mirostat": Option("sampling", "mirostat", integer(0, 2)),
    "mirostat_tau": Option("sampling", "mirostat_tau", number(0, 100)),
    "mirostat_eta": Option("sampling", "mirostat_eta", number(0, 10)),
    "dry_multiplier": Option("sampling", "dry_multiplier", number(0, 100)),
    "dry_base": Option("sampling", "dry_base", number(0, 100)),
    "dry_allowed_length": Option("sampling", "dry_allowed_length", integer(0)),
    "dry_penalty_last_n": Option("sampling", "dry_penalty_last_n", integer(-1)),
    "dry_sequence_breakers": Option("sampling", "dry_sequence_breakers", strings),
    "xtc_probability": Option("sampling", "xtc_probability", number(0, 1)),
    "xtc_threshold": Option("sampling", "xtc_threshold", number(0, 1)),
    "logit_bias": Option("sampling", "logit_bias", biases),
    "num_predict": Option("request", "num_predict", at_least(-1, integer(-2))),
    "num_keep": Option("request", "num_keep", integer(-1)),
    "stop": Option("request", "stop", strings),
    "grammar": Option("request", "grammar", grammar),
    "num_ctx": Option("load", "num_ctx", at_least(MIN_NUM_CTX, integer(1))),
    "num_batch": Option("load", "num_batch", integer(1, 65536)),
    "num_thread": Option("load", "num_threads", integer(0, 1024)),
    "num_gpu": Option("load", "gpu_layers", integer(-1, 10_000)),
    "main_gpu": Option("load", "main_gpu", integer(0, 255)),
    "use_mmap": Option("load", "use_mmap", boolean),
}
"""Every name that does something."""

ACCEPTED = frozenset(
    [
        "draft_num_predict",
        "embedding_only",
        "f16_kv",
        "flash_attention",
        "logits_all",
        "low_vram",
        "num_gqa",
        "num_thread_batch",
        "numa",
        "penalize_newline",
        "rope_frequency_base",
        "rope_frequency_scale",
        "tfs_z",
        "use_mlock",
        "vocab_only",
    ]
)
"""Names that Ollama knows or knew and that need nothing of us: old clients send them, and mind neither."""


def parse_options(*layers: Mapping[str, Any], n_vocab: int = 0) -> ParsedOptions:
    """The later layer wins: defaults of a wire, the model's PARAMETERs, the request's options.

    A value of None counts as absent. ``n_vocab`` > 0 bounds the token ids of ``logit_bias``.
    Raises InvalidOption, which names the option.
    """
    merged = {name: value for layer in layers for name, value in layer.items() if value is not None}
    groups: dict[Group, dict[str, Any]] = {"sampling": {}, "request": {}, "load": {}}
    for name in merged.keys() & OPTIONS.keys():
        option = OPTIONS[name]
        groups[option.group][option.field] = option.convert(name, merged[name])
    _check_vocabulary(groups["sampling"].get("logit_bias", {}), n_vocab)
    return ParsedOptions(
        sampling=SamplingOptions(**groups["sampling"]),
        **groups["request"],
        load=groups["load"],
        ignored=tuple(sorted(merged.keys() - OPTIONS.keys() - ACCEPTED)),
    )


def apply_load_options(base: LoadOptions, overrides: Mapping[str, Any], *, n_ctx_train: int = 0) -> LoadOptions:
    """``base`` with what was asked for; a context beyond the trained one is cut to that, as Ollama does."""
    chosen = dict(overrides)
    if n_ctx_train > 0 and chosen.get("num_ctx", 0) > n_ctx_train:
        chosen["num_ctx"] = n_ctx_train
    return replace(base, **chosen) if chosen else base


def _bounded(name: str, value: float, low: float, high: float) -> float:
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidOption(name, f'option "{name}" must be between {low:g} and {high:g}')
    return value


def _token_id(name: str, token: Any) -> int:
    if not str(token).isdecimal() or len(str(token)) > 10:
        raise InvalidOption(name, f'option "{name}" must have token ids as its keys')
    return int(token)


def _check_vocabulary(bias: Mapping[int, float], n_vocab: int) -> None:
    if n_vocab > 0 and any(token >= n_vocab for token in bias):
        raise InvalidOption("logit_bias", f'option "logit_bias" must have token ids below {n_vocab}')
