"""What only a loaded model tells of the context that it gets."""

from __future__ import annotations

import pytest

from inference.config import LoadOptions
from inference.engine.opening import llama_available
from inference.spec import ModelSpec

if not llama_available():
    pytest.skip("llama-cpp-python is not installed", allow_module_level=True)

from inference.engine.llama import load

SPEC = ModelSpec(name="m", digest="0" * 64, model_path="", size_bytes=1, n_ctx_train=8192, kv_bytes_per_token=1000)
OPTIONS = LoadOptions(num_ctx=2048, num_parallel=4, swap_bytes=1)


@pytest.mark.parametrize("kind", ["llama_model_is_recurrent", "llama_model_is_hybrid", ""])
def test_recurrent_states_are_kept_for_more_sequences_than_lanes(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    for name in ("llama_model_is_recurrent", "llama_model_is_hybrid"):
        monkeypatch.setattr(load.lib, name, lambda model, name=name: name == kind)
    plan = load.fitting_plan(None, SPEC, OPTIONS)
    assert (plan.layout, plan.n_seq_max) == (("unified", 16) if kind else ("streams", 4))
    assert plan.kv_bytes == 8_192_000
