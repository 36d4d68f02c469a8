"""The OpenAPI document against the routes, and against the rules of JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.urls import URLPattern
from jsonschema import Draft202012Validator

from api_anthropic import urls as anthropic_urls
from api_ollama import urls as ollama_urls
from api_openai import urls as openai_urls
from api_openai.rerank import urls as rerank_urls
from api_openai.tokens import urls as token_urls
from power_site import urls as house_urls
from power_site.openapi.document import document_json

METHODS = {"get", "head", "post", "put", "patch", "delete"}
LISTS = (
    ("/api/", ollama_urls),
    ("/v1/", openai_urls),
    ("/v1/", anthropic_urls),
    ("/", house_urls),
    ("/", token_urls),
    ("/", rerank_urls),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document_json())
    return parsed


def routes() -> Iterator[tuple[str, set[str]]]:
    """Every route of the wires and of the house, read from their lists and not as the document reads them."""
    for prefix, module in LISTS:
        for pattern in module.urlpatterns:
            if isinstance(pattern, URLPattern) and not str(pattern.pattern).startswith(("static/", "docs")):
                path = prefix + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
                yield path, {method.lower() for method in getattr(pattern.callback, "methods", {"GET"})}


def every_schema(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "schema" in node:
            yield node["schema"]
        for value in node.values():
            yield from every_schema(value)
    elif isinstance(node, list):
        for value in node:
            yield from every_schema(value)


def test_every_route_is_in_it_with_every_method(document: dict[str, Any]) -> None:
    shown = {path: set(operations) for path, operations in document["paths"].items()}
    assert shown == dict(routes())


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """A handler without a line in its wire's operations.py has no summary."""
    bare = [path for path, methods in document["paths"].items() for one in methods.values() if "summary" not in one]
    assert bare == []


def test_operations_are_named_once(document: dict[str, Any]) -> None:
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_schemas_are_json_schemas_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema in [*schemas.values(), *every_schema(document["paths"])]:
        Draft202012Validator.check_schema(schema)
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in schemas


def test_fields_of_a_request_are_those_that_the_view_decodes(document: dict[str, Any]) -> None:
    reference = document["paths"]["/api/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    generate = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    assert {"model", "prompt", "suffix", "keep_alive", "options", "_debug_render_only"} <= set(generate["properties"])


def test_a_stream_is_lines_or_events_and_may_end_with_an_error(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/chat"]["post"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson", "text/event-stream"}
    line = {one["$ref"].rpartition("/")[2] for one in content["application/x-ndjson"]["schema"]["anyOf"]}
    assert line == {"ChatResponse", "ErrorResponse"}


async def test_it_is_served(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["openapi"] == "3.1.0"
    assert (await api.head("/openapi.json")).content == b""
    assert (await api.post("/openapi.json")).status_code == 405


def test_what_a_query_may_say_is_described(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/responses/{response_id}/input_items"]["get"]["parameters"]
    places = {one["name"]: (one["in"], one.get("required", False)) for one in parameters}
    assert places["response_id"] == ("path", True)
    assert places["limit"] == places["after"] == places["order"] == ("query", False)


def test_a_form_is_no_json(document: dict[str, Any]) -> None:
    assert set(document["paths"]["/v1/audio/transcriptions"]["post"]["requestBody"]["content"]) == {
        "multipart/form-data"
    }
