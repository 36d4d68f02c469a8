"""The process's one pool."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from inference import GenerateRequest, ModelSpec, TextPrompt
from inference.errors import ShuttingDown
from inference.events import TextDelta
from power_site import metrics, runtime
from power_site.conf import GPUConfig, config

SPEC = ModelSpec(
    name="fake:latest", digest="0" * 64, model_path="/nowhere", size_bytes=1, n_ctx_train=128, kv_bytes_per_token=1
)


def test_the_settings_reach_the_pool_and_each_load() -> None:
    settings = replace(
        config(),
        keep_alive=math.inf,
        max_queue=7,
        context_length=2048,
        flash_attention="on",
        gpu=GPUConfig(gpu_layers=3, tensor_split=(1.0, 2.0)),
    )
    pool_config, options = runtime.pool_config(settings), runtime.load_options(settings)
    assert (pool_config.keep_alive_seconds, pool_config.max_queue) == (math.inf, 7)
    assert (options.num_ctx, options.flash_attention, options.gpu_layers) == (2048, "on", 3)
    assert options.tensor_split == (1.0, 2.0)


def test_before_its_start_there_is_no_pool_and_no_resident() -> None:
    with pytest.raises(ShuttingDown):
        runtime.pool()
    assert runtime.residents_for_metrics() == []


async def test_a_pool_started_here_generates_and_is_counted() -> None:
    settings = replace(config(), backend="fake", engine_host="inline", fake_backend="length=3&text=abc")
    pool = await runtime.start(settings)
    try:
        assert runtime.pool() is pool
        request = GenerateRequest(prompt=TextPrompt(text="x"))
        stream = await pool.generate(SPEC, runtime.load_options(settings), request)
        text = "".join([event.text async for events in stream for event in events if isinstance(event, TextDelta)])
        assert text == "abc"
        assert [name for name, _, _ in runtime.residents_for_metrics()] == ["fake:latest"]
        assert b'a3s_power_model_load_seconds_count{model="fake:latest"}' in metrics.exposition()
    finally:
        await runtime.stop(drain_seconds=0)
        runtime.forget()
    with pytest.raises(ShuttingDown):
        runtime.pool()
