from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llama_cpp")

from inference.engine.llama.logprobs import likeliest, token_logprob


@pytest.mark.parametrize("n_vocab", [30, 256, 259, 5_000, 49_152])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 20])
def test_the_likeliest_are_found_wherever_they_are(n_vocab: int, n: int) -> None:
    for seed in range(5):
        logits = np.random.default_rng(seed).normal(size=n_vocab).astype(np.float32)
        assert likeliest(logits, n) == np.argsort(-logits)[:n].tolist()


def test_several_in_one_block_are_all_found() -> None:
    logits = np.zeros(10_000, np.float32)
    logits[[700, 701, 702, 9_999]] = [1, 3, 2, 4]
    assert likeliest(logits, 4) == [9_999, 701, 702, 700]


@pytest.mark.parametrize("n_top", [0, 1, 3])
def test_they_are_the_logarithm_of_the_softmax(n_top: int) -> None:
    logits = np.random.default_rng(1).normal(scale=10, size=5_000).astype(np.float32)
    exact = logits.astype(np.float64) - np.log(np.exp(logits.astype(np.float64)).sum())
    found = token_logprob(logits, 7, n_top, lambda token: b"%d" % token)
    assert found.logprob == pytest.approx(exact[7], abs=1e-5)
    assert [one.logprob for one in found.top] == pytest.approx(sorted(exact, reverse=True)[:n_top], abs=1e-5)
    assert (found.token, found.data) == (7, b"7")
    assert [one.data for one in found.top] == [b"%d" % one.token for one in found.top]


def test_tokens_that_can_not_be_are_infinitely_unlikely() -> None:
    logits = np.array([0.0, -np.inf, 0.0], np.float32)
    assert token_logprob(logits, 1, 0, lambda token: b"").logprob == -np.inf
