"""Every way of sampling, on the real model, among the tokens that a constraint allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inference.constrain import Compiler
from inference.engine.backend import Backend
from inference.engine.batch import Batch
from inference.engine.constraints import new_compiler
from inference.request import Constraint, SamplingOptions

pytestmark = pytest.mark.real_model

NUMBERS = Constraint(kind="json_schema", text='{"type": "array", "items": {"type": "integer"}, "minItems": 3}')


@pytest.fixture(scope="module")
def compiler(loaded_smollm2: Backend) -> Compiler:
    return new_compiler(loaded_smollm2)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0},
        {"temperature": 0, "repeat_penalty": 2.0, "frequency_penalty": 1.0},
        {},
        {"temperature": 5.0, "top_k": 0, "top_p": 1.0},
        {"typical_p": 0.5},
        {"mirostat": 1},
        {"mirostat": 2},
        {"min_p": 0.9},
        {"xtc_probability": 1.0, "xtc_threshold": 0.0},
        {"dry_multiplier": 2.0},
        {"logit_bias": {60: -100.0, 1: 100.0}},
    ],
    ids=str,
)
def test_every_way_of_sampling_takes_what_is_allowed(
    smollm2: Backend, compiler: Compiler, options: dict[str, Any]
) -> None:
    matcher = compiler.matcher(NUMBERS)
    tokens = smollm2.tokenize("Some primes:", add_special=False, parse_special=True)
    sampler = smollm2.new_sampler(SamplingOptions(**options), tokens)
    batch, position = Batch(64), 0
    for _ in range(8):
        batch.clear()
        row = batch.add(0, tokens, position, output=True)
        smollm2.decode(batch)
        position += len(tokens)
        allowed = matcher.allowed()
        token = smollm2.sample(sampler, row, allowed)
        assert allowed[token]
        matcher.accept(token)
        if matcher.is_complete:
            break
        tokens = [token]
    smollm2.free_sampler(sampler)


def test_the_best_of_the_allowed_is_taken(smollm2: Backend) -> None:
    tokens = smollm2.tokenize("The capital of France is", add_special=False, parse_special=True)
    batch = Batch(64)
    row = batch.add(0, tokens, 0, output=True)
    smollm2.decode(batch)
    best = smollm2.sample(None, row)
    allowed = np.ones(smollm2.info.n_vocab, np.bool_)
    assert smollm2.sample(None, row, allowed) == best
    allowed[best] = False
    second = smollm2.logprobs(row, best, 2).top[1].token
    assert smollm2.sample(None, row, allowed) == second
