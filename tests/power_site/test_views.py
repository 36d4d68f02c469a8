"""The house's own pages."""

from __future__ import annotations

import orjson
import pytest
from django.test import AsyncRequestFactory

from power_site import views

factory = AsyncRequestFactory()


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 403), ("", 403)])
async def test_metrics_are_for_this_machine_only(address: str, status: int) -> None:
    request = factory.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    request.META["REMOTE_ADDR"] = address
    response = await views.metrics_text(request)
    assert response.status_code == status
    assert (b"a3s_power_models_loaded" in response.content) is (status == 200)


async def test_health_says_what_monitoring_asks_for() -> None:
    answer = orjson.loads((await views.health(factory.get("/health"))).content)
    assert answer["status"] == "ok"
    assert set(answer) == {"status", "version", "uptime_seconds", "loaded_models"}


async def test_the_heartbeat_is_ollamas_and_takes_no_other_method() -> None:
    assert (await views.heartbeat(factory.get("/"))).content == b"Ollama is running"
    refused = await views.heartbeat(factory.post("/"))
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD")
