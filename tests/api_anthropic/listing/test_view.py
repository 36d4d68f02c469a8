"""GET /v1/models for clients of Anthropic, beside OpenAI's at the same path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api_anthropic.listing import schema
from inference import Resident
from inference.spec import ModelSpec
from models_app import selectors
from models_app.entries import ModelDetails, ModelEntry, ServedModel
from models_app.errors import ModelNotFound
from models_app.naming import ModelName
from power_site import runtime
from power_site.http import convert

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
THEIRS = {"anthropic-version": "2023-06-01"}
NAMES = [f"m{number}:1b" for number in range(5)]


def entry(name: str, *, age: int = 0) -> ModelEntry:
    return ModelEntry(
        name=ModelName.parse(name),
        digest="ab" * 32,
        size_bytes=1,
        modified_at=WHEN - timedelta(days=age),
        details=ModelDetails(context_length=8192),
        capabilities=("completion", "thinking"),
    )


def served(name: str, **parameters: Any) -> ServedModel:
    spec = ModelSpec(name=name, digest="ab" * 32, model_path="", size_bytes=1, n_ctx_train=8192, kv_bytes_per_token=1)
    return ServedModel(name=ModelName.parse(name), spec=spec, parameters=parameters)


class Pool:
    """One that has loaded nothing."""

    def residents(self) -> list[Resident]:
        return []


@pytest.fixture(autouse=True)
def _five_models(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(name: str) -> ModelEntry:
        if name not in NAMES:
            raise ModelNotFound(name)
        return entry(name)

    monkeypatch.setattr(selectors, "model_list", lambda: [entry(name, age=age) for age, name in enumerate(NAMES)])
    monkeypatch.setattr(selectors, "model_get", get)
    monkeypatch.setattr(selectors, "model_served", served)
    monkeypatch.setattr(runtime, "pool", Pool)


async def listed(api: httpx2.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await api.get("/v1/models", params=query, headers=THEIRS)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    convert(page, schema.AnthropicModelPage)
    return page


async def test_the_header_says_whose_list_it_is(api: httpx2.AsyncClient) -> None:
    theirs, ours = await api.get("/v1/models", headers=THEIRS), await api.get("/v1/models")
    assert theirs.json()["data"][0]["type"] == "model"
    assert ours.json()["object"] == "list"
    assert (await api.get("/v1/models/m1:1b", headers=THEIRS)).json()["display_name"] == "m1:1b"
    assert (await api.get("/v1/models/m1:1b")).json()["object"] == "model"


async def test_a_list_says_what_each_model_can_do(api: httpx2.AsyncClient) -> None:
    page = await listed(api)
    assert [model["id"] for model in page["data"]] == NAMES
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, NAMES[0], NAMES[-1])
    first = page["data"][0]
    assert first["created_at"] == "2026-01-02T03:04:05Z"
    assert first["capabilities"]["thinking"]["supported"]
    assert not first["capabilities"]["image_input"]["supported"]


async def test_the_context_is_the_one_that_a_request_gets(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_parameters(name: str) -> ServedModel:
        if name == "m2:1b":
            raise ModelNotFound(name)
        return served(name, **{"m1:1b": {"num_ctx": 1024}, "m3:1b": {"num_ctx": "x"}}.get(name, {}))

    monkeypatch.setattr(selectors, "model_served", with_parameters)
    page = await listed(api)
    assert [one["max_input_tokens"] for one in page["data"]] == [4096, 1024, None, None, 4096]
    assert [one["max_tokens"] for one in page["data"]] == [4096, 1024, None, None, 4096]
    one = (await api.get("/v1/models/m1:1b", headers=THEIRS)).json()
    assert one["max_input_tokens"] == 1024


async def test_pages_lead_to_every_model_and_back(api: httpx2.AsyncClient) -> None:
    first = await listed(api, limit=2)
    second = await listed(api, limit=2, after_id=first["last_id"])
    third = await listed(api, limit=2, after_id=second["last_id"])
    assert [one["id"] for page in (first, second, third) for one in page["data"]] == NAMES
    assert [page["has_more"] for page in (first, second, third)] == [True, True, False]
    back = await listed(api, limit=2, before_id=third["first_id"])
    assert ([one["id"] for one in back["data"]], back["has_more"]) == (NAMES[2:4], True)


async def test_no_model_of_ours_is_retired(api: httpx2.AsyncClient) -> None:
    assert (await listed(api, **{"lifecycle[]": "retired"}))["data"] == []
    assert len((await listed(api, **{"lifecycle[]": ["active", "retired"]}))["data"]) == 5


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"after_id": "x"}])
async def test_a_page_that_is_none_is_refused(api: httpx2.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("/v1/models", params=query, headers=THEIRS)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_errors_are_in_the_shape_of_who_asks(api: httpx2.AsyncClient) -> None:
    assert (await api.get("/v1/models/nope", headers=THEIRS)).json()["error"]["type"] == "not_found_error"
    assert (await api.get("/v1/models/nope")).json()["error"]["code"] == "model_not_found"
    assert (await api.post("/v1/models", headers=THEIRS)).json()["type"] == "error"
