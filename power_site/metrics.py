"""What ``/metrics`` shows, in Prometheus' format, under the specification's ``a3s_power_*`` names.

Labels are bounded: routes are templates, methods a fixed set, models the first ``MAX_MODELS`` names that were used.
Functions here may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

MAX_MODELS = 200
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
# What the pool holds right now, for the gauges: (model, bytes, waiting requests).
Residents = Callable[[], Iterable[tuple[str, int, int]]]

disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()
_models: set[str] = set()
_requests = Counter(
    "a3s_power_http_requests",
    "HTTP requests, counted at their last byte.",
    ("method", "route", "status"),
    registry=registry,
)
_request_seconds = Histogram(
    "a3s_power_http_request_duration_seconds",
    "From the first byte of a request to the last of its answer.",
    ("method", "route"),
    buckets=_SECONDS,
    registry=registry,
)
_tokens = Counter(
    "a3s_power_tokens", "Tokens, by direction: input or output.", ("model", "direction"), registry=registry
)
_ttft = Histogram("a3s_power_ttft_seconds", "Time to the first token.", ("model",), buckets=_SECONDS, registry=registry)
_inference_seconds = Histogram(
    "a3s_power_inference_duration_seconds", "Whole generations.", ("model",), buckets=_SECONDS, registry=registry
)
_load_seconds = Histogram(
    "a3s_power_model_load_seconds", "Loads of a model.", ("model",), buckets=_SECONDS, registry=registry
)
_evictions = Counter("a3s_power_model_evictions", "Models unloaded, by reason.", ("reason",), registry=registry)
_exits = Counter("a3s_power_worker_exits", "Worker processes ended, by reason.", ("reason",), registry=registry)


def http_request(method: str, route: str, status: int, seconds: float) -> None:
    method = method if method in _METHODS else "OTHER"
    _requests.labels(method, route, str(status)).inc()
    _request_seconds.labels(method, route).observe(seconds)


def tokens(model: str, direction: str, n: int) -> None:
    """``direction`` is "input" or "output"."""
    if n:
        _tokens.labels(_bounded(model), direction).inc(n)


def ttft(model: str, seconds: float) -> None:
    _ttft.labels(_bounded(model)).observe(seconds)


def inference(model: str, seconds: float) -> None:
    _inference_seconds.labels(_bounded(model)).observe(seconds)


def model_loaded(model: str, seconds: float) -> None:
    _load_seconds.labels(_bounded(model)).observe(seconds)


def model_evicted(reason: str) -> None:
    _evictions.labels(reason).inc()


def worker_exited(reason: str) -> None:
    _exits.labels(reason).inc()


def exposition() -> bytes:
    return generate_latest(registry)


class PoolGauges:
    """Gauges read from the pool when Prometheus asks, so that none can go stale."""

    def __init__(self, residents: Residents) -> None:
        self._residents = residents

    def collect(self) -> Iterator[Metric]:
        rows = list(self._residents())
        loaded = GaugeMetricFamily("a3s_power_models_loaded", "Models in memory.")
        loaded.add_metric([], len(rows))
        memory = GaugeMetricFamily("a3s_power_model_memory_bytes", "Memory of a loaded model.", labels=("model",))
        queue = GaugeMetricFamily("a3s_power_queue_depth", "Requests waiting for a model.", labels=("model",))
        for model, size_bytes, n_queued in rows:
            memory.add_metric([_bounded(model)], size_bytes)
            queue.add_metric([_bounded(model)], n_queued)
        yield from (loaded, memory, queue)


def _bounded(model: str) -> str:
    if model not in _models and len(_models) >= MAX_MODELS:
        return "other"
    _models.add(model)
    return model
