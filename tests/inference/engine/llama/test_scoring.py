"""Logprobs of prompts on the real model, beside what llama-cpp-python's own high-level class computes.

With the same pieces and the same attention, that is. This model's rounding makes more of the last bit of a sum than of
anything else: flash attention or not, or in pieces of another size, moves single logprobs by up to 0.3.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine.backend import Backend
from inference.engine.opening import open_backend
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.events import PromptLogprobs, TokenLogprob
from inference.request import GenerateRequest, TextPrompt
from inference.spec import ModelSpec

pytestmark = [pytest.mark.real_model, pytest.mark.slow]

TEXT = (
    "The three little pigs built their houses of straw, of sticks and of bricks. The wolf came to the first house and "
    "blew it down; he came to the second house and blew it down as well. But the third house stood firm. "
) * 3


def scored(backend: Backend, text: str, n_top: int) -> list[TokenLogprob]:
    scheduler = Scheduler(backend, num_parallel=3, clock=time.monotonic)
    request = GenerateRequest(prompt=TextPrompt(text=text), num_predict=0, prompt_logprobs=n_top)
    tokens = backend.tokenize(text, add_special=True, parse_special=True)
    sampler = backend.new_sampler(request.sampling, tokens)
    scheduler.add(Sequence(1, request, tokens, sampler=sampler, arrival=1, submitted_at=0.0))
    found: list[TokenLogprob] = []
    while (step := scheduler.schedule()) is not None:
        backend.decode(step.batch)
        scheduler.complete(step)
        found += [
            one for _, event in scheduler.take_events() if isinstance(event, PromptLogprobs) for one in event.tokens
        ]
    return found


def direct(path: Path, tokens: list[int], *, n_batch: int, flash_attn: bool) -> np.ndarray:
    """(tokens, vocabulary): log-softmax of every position's logits."""
    from llama_cpp import Llama

    model = Llama(
        str(path), n_ctx=512, n_batch=n_batch, logits_all=True, n_threads=1, flash_attn=flash_attn, verbose=False
    )
    model.eval(tokens)
    logits = np.array(model.scores[: len(tokens)], np.float64)
    model.close()
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("flash_attention", ["on", "off"])
def test_they_are_what_llama_cpp_python_computes(
    smollm2_spec: ModelSpec, smollm2_path: Path, flash_attention: str
) -> None:
    options = LoadOptions(num_ctx=512, num_threads=1, flash_attention=flash_attention)  # type: ignore[arg-type]
    backend = open_backend(smollm2_spec, options, kind="llama", on_progress=lambda fraction: None)
    try:
        assert backend.info.n_outputs < 100, "it takes several decodes"
        found = scored(backend, TEXT, 3)
    finally:
        backend.close()
    tokens = [one.token for one in found]
    assert len(tokens) > backend.info.n_outputs
    n_piece = backend.info.n_outputs - 1  # one is kept for the lane's next token
    wanted = direct(smollm2_path, tokens, n_batch=n_piece, flash_attn=flash_attention == "on")
    ours = np.array([one.logprob for one in found[1:]])
    theirs = wanted[np.arange(len(tokens) - 1), tokens[1:]]
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    for position, one in enumerate(found[1:]):
        assert one.top[0].logprob >= one.top[1].logprob >= one.top[2].logprob
        np.testing.assert_allclose(one.top[0].logprob, wanted[position].max(), atol=1e-3)
