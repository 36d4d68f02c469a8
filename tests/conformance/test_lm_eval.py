"""lm-eval's ``local-completions`` with the server's own tokenizer, in an environment of its own: what it makes of a
small task is what llama-cpp-python computes directly.

The server has its model to itself and is asked for one thing at a time, so that both sides sum in the same order: this
model's roundings make a tenth out of a last bit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.clients_env import SUITES, client_env
from tests.conformance.conftest import MODEL
from tests.live import LiveServer

# The first of these tests installs lm-eval.
pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(1200)]

TASK = "small_facts"


@pytest.fixture(params=["on", "off"])
def scoring(request: pytest.FixtureRequest, tmp_path: Path, smollm2_path: Path) -> Iterator[tuple[LiveServer, bool]]:
    """A server, and whether it has flash attention."""
    pytest.importorskip("llama_cpp")
    live = LiveServer(tmp_path / "home", {"num_threads": 1, "flash_attention": request.param})
    pulled = live.manage("pull", MODEL)
    assert pulled.returncode == 0, pulled.stderr
    live.start()
    yield live, request.param == "on"
    assert live.is_alive(), f"the server ended under the test:\n{live.log()}"
    assert live.terminate() == 0


def evaluated(live: LiveServer, folder: Path) -> list[dict[str, Any]]:
    """What lm-eval has logged of each question."""
    shutil.copytree(SUITES / "scoring", folder)
    arguments = {
        "model": MODEL,
        "base_url": f"{live.url}/v1/completions",
        "tokenizer_backend": "remote",
        "num_concurrent": 1,
        "max_retries": 1,
    }
    client_env("lm-eval").run(
        "lm_eval",
        *("--model", "local-completions", "--model_args", ",".join(f"{k}={v}" for k, v in arguments.items())),
        *("--tasks", TASK, "--include_path", ".", "--output_path", "out", "--log_samples"),
        cwd=folder,
        seconds=900,
        HF_HOME=str(folder / "hf"),
        HF_HUB_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        OPENAI_API_KEY="any key will do",
    )
    (samples,) = folder.glob(f"out/*/samples_{TASK}_*.jsonl")
    return [json.loads(line) for line in samples.read_text().splitlines()]


class Direct:
    """llama-cpp-python's own class, and no server."""

    def __init__(self, path: Path, *, flash_attn: bool) -> None:
        from llama_cpp import Llama

        self._model = Llama(str(path), n_ctx=512, logits_all=True, n_threads=1, flash_attn=flash_attn, verbose=False)

    def log_likelihood(self, context: str, continuation: str) -> tuple[float, bool]:
        """With whether the continuation is what a greedy answer would be."""
        tokens = self._tokens(context + continuation)
        start = len(self._tokens(context))
        self._model.reset()
        self._model.eval(tokens)
        logits = np.array(self._model.scores[start - 1 : len(tokens) - 1], np.float64)
        logprobs = logits - logits.max(axis=1, keepdims=True)
        logprobs -= np.log(np.exp(logprobs).sum(axis=1, keepdims=True))
        wanted = np.array(tokens[start:])
        return float(logprobs[np.arange(len(wanted)), wanted].sum()), bool((logits.argmax(axis=1) == wanted).all())

    def _tokens(self, text: str) -> list[int]:
        return self._model.tokenize(text.encode(), add_bos=False, special=True)  # type: ignore[no-any-return]


def test_log_likelihoods_are_those_that_llama_cpp_python_computes(
    scoring: tuple[LiveServer, bool], smollm2_path: Path, tmp_path: Path
) -> None:
    live, flash_attn = scoring
    samples = evaluated(live, tmp_path / "task")
    direct = Direct(smollm2_path, flash_attn=flash_attn)
    pairs = [
        (pair, response)
        for sample in samples
        for pair, response in zip(sample["arguments"].values(), sample["resps"], strict=True)
    ]
    assert len(pairs) == 48
    for pair, ((told, told_greedy),) in pairs:
        computed, greedy = direct.log_likelihood(pair["arg_0"], pair["arg_1"])
        assert float(told) == pytest.approx(computed, abs=1e-3), pair
        assert told_greedy == str(greedy), pair
    accuracy = np.mean([sample["acc"] for sample in samples])
    assert accuracy > 0.5, "four to choose from: it knows something"
