"""One request's sampler chain in llama.cpp, in the order of llama.cpp's own ``common/sampling.cpp``."""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import llama_cpp.llama_cpp as lib

from inference.request import SamplingOptions

# llama.cpp takes this value as "draw one yourself"; then nobody could tell which seed it was.
RANDOM_SEED = 0xFFFFFFFF
MIN_KEEP = 1
MIROSTAT_M = 100  # candidates mirostat 1 estimates its slope from, as in common/sampling.cpp


def new_chain(options: SamplingOptions, prompt: Sequence[int], *, vocab: Any, n_vocab: int, n_ctx: int) -> Any | None:
    """None stands for the plain maximum, which needs no chain at all."""
    samplers = list(_samplers(options, vocab=vocab, n_vocab=n_vocab, n_ctx=n_ctx))
    if not samplers:
        return None
    if options.temperature <= 0:
        samplers.append(lib.llama_sampler_init_greedy())
    params = lib.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = lib.llama_sampler_chain_init(params)
    for sampler in samplers:
        lib.llama_sampler_chain_add(chain, sampler)
    _accept_prompt(chain, options, prompt, n_ctx)
    return chain


def _samplers(options: SamplingOptions, *, vocab: Any, n_vocab: int, n_ctx: int) -> Iterator[Any]:
    if options.logit_bias:
        yield _logit_bias(options.logit_bias, n_vocab)
    greedy = options.temperature <= 0
    mirostat = options.mirostat and not greedy
    if not mirostat:
        yield from _penalties(options, vocab=vocab, n_vocab=n_vocab, n_ctx=n_ctx)
    if greedy:
        return
    seed = options.seed & 0xFFFFFFFF if options.seed >= 0 else secrets.randbelow(RANDOM_SEED)
    if mirostat:
        yield lib.llama_sampler_init_temp(options.temperature)
        yield _mirostat(options, seed, n_vocab)
        return
    yield from _filters(options, seed)
    yield lib.llama_sampler_init_temp(options.temperature)
    yield lib.llama_sampler_init_dist(seed)


def _penalties(options: SamplingOptions, *, vocab: Any, n_vocab: int, n_ctx: int) -> Iterator[Any]:
    repeats = (options.repeat_penalty, options.frequency_penalty, options.presence_penalty)
    last_n = _last_n(options.repeat_last_n, n_ctx)
    if last_n and repeats != (1.0, 0.0, 0.0):
        yield lib.llama_sampler_init_penalties(n_vocab, last_n, *repeats)
    if options.dry_multiplier > 0:
        breakers = [text.encode() for text in options.dry_sequence_breakers if text]
        array = (ctypes.c_char_p * len(breakers))(*breakers)
        yield lib.llama_sampler_init_dry(
            vocab,
            options.dry_multiplier,
            options.dry_base,
            options.dry_allowed_length,
            _last_n(options.dry_penalty_last_n, n_ctx),
            array,
            len(breakers),
        )


def _filters(options: SamplingOptions, seed: int) -> Iterator[Any]:
    if options.top_k > 0:
        yield lib.llama_sampler_init_top_k(options.top_k)
    if options.typical_p < 1:
        yield lib.llama_sampler_init_typical(options.typical_p, MIN_KEEP)
    if options.top_p < 1:
        yield lib.llama_sampler_init_top_p(options.top_p, MIN_KEEP)
    if options.min_p > 0:
        yield lib.llama_sampler_init_min_p(options.min_p, MIN_KEEP)
    if options.xtc_probability > 0:
        yield lib.llama_sampler_init_xtc(options.xtc_probability, options.xtc_threshold, MIN_KEEP, seed)


def _mirostat(options: SamplingOptions, seed: int, n_vocab: int) -> Any:
    if options.mirostat == 1:
        return lib.llama_sampler_init_mirostat(n_vocab, seed, options.mirostat_tau, options.mirostat_eta, MIROSTAT_M)
    return lib.llama_sampler_init_mirostat_v2(seed, options.mirostat_tau, options.mirostat_eta)


def _logit_bias(biases: dict[int, float], n_vocab: int) -> Any:
    array = (lib.llama_logit_bias * len(biases))()
    for row, (token, bias) in zip(array, biases.items(), strict=True):
        row.token, row.bias = token, bias
    return lib.llama_sampler_init_logit_bias(n_vocab, len(biases), array)


def _last_n(wanted: int, n_ctx: int) -> int:
    return n_ctx if wanted < 0 else min(wanted, n_ctx)


def _accept_prompt(chain: Any, options: SamplingOptions, prompt: Sequence[int], n_ctx: int) -> None:
    """Only penalties remember tokens, and only their last ones."""
    seen = _last_n(options.repeat_last_n, n_ctx)
    if options.dry_multiplier > 0:
        seen = max(seen, _last_n(options.dry_penalty_last_n, n_ctx))
    for token in prompt[-seen:] if seen else ():
        lib.llama_sampler_accept(chain, int(token))
