"""Metrics with bounded labels."""

from __future__ import annotations

import pytest

from power_site import metrics


def value(line: str) -> float | None:
    """The sample that starts so, from the exposition."""
    found = [row for row in metrics.exposition().decode().splitlines() if row.startswith(line)]
    return float(found[0].rsplit(" ", 1)[1]) if found else None


def test_a_request_is_counted_under_its_route_and_timed() -> None:
    metrics.http_request("GET", "/test-route", 200, 0.5)
    assert value('a3s_power_http_requests_total{method="GET",route="/test-route",status="200"}') == 1
    assert value('a3s_power_http_request_duration_seconds_sum{method="GET",route="/test-route"}') == 0.5


def test_invented_methods_share_one_label() -> None:
    for method in ("BREW", "WHEN"):
        metrics.http_request(method, "/test-methods", 405, 0.1)
    assert value('a3s_power_http_requests_total{method="OTHER",route="/test-methods",status="405"}') == 2


def test_models_beyond_the_limit_share_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_models", set())
    monkeypatch.setattr(metrics, "MAX_MODELS", 2)
    for name in ("test-a", "test-b", "test-c", "test-d"):
        metrics.tokens(name, "output", 3)
    assert value('a3s_power_tokens_total{direction="output",model="test-a"}') == 3
    assert value('a3s_power_tokens_total{direction="output",model="other"}') == 6
    assert value('a3s_power_tokens_total{direction="output",model="test-c"}') is None


def test_the_specifications_names_are_all_there() -> None:
    metrics.tokens("test-m", "input", 1)
    metrics.ttft("test-m", 0.1)
    metrics.inference("test-m", 1)
    metrics.model_loaded("test-m", 1)
    metrics.model_evicted("test")
    metrics.worker_exited("test")
    text = metrics.exposition().decode()
    for name in ("tokens_total", "ttft_seconds", "inference_duration_seconds", "model_load_seconds", "models_loaded"):
        assert f"a3s_power_{name}" in text
    for name in ("model_evictions_total", "worker_exits_total", "model_memory_bytes", "queue_depth"):
        assert f"a3s_power_{name}" in text


def test_gauges_are_read_when_asked() -> None:
    rows = [("test-x", 1000, 2)]
    families = {family.name: family for family in metrics.PoolGauges(lambda: rows).collect()}
    assert families["a3s_power_models_loaded"].samples[0].value == 1
    assert families["a3s_power_model_memory_bytes"].samples[0].value == 1000
    assert families["a3s_power_queue_depth"].samples[0].labels == {"model": "test-x"}
