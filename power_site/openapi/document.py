"""The document: every route of the urlconf with the operations that the wires' tables have for its handlers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
import orjson
from django.urls import URLPattern, URLResolver, get_resolver

from power_site.cli import power_version
from power_site.openapi.operation import Content, Handler, Operation

OPENAPI = "3.1.0"
_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"<(?:\w+:)?(?P<name>\w+)>")
# Pages for people, and their files: no part of the API.
PAGES = ("/admin/", "/docs", "/static/")


@cache
def document_json() -> bytes:
    """Made once: routes and types don't change while the process runs."""
    from power_site.openapi.operations import OPERATIONS

    return orjson.dumps(document(OPERATIONS))


def document(operations: Mapping[Handler, Operation]) -> dict[str, Any]:
    described = {
        path: {method: operations.get(handler) for method, handler in methods.items()} for path, methods in routes()
    }
    types = {kind for methods in described.values() for one in methods.values() if one for kind in one.types}
    ordered = sorted(types, key=lambda kind: (kind.__module__, kind.__qualname__))
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    by_type = dict(zip(ordered, schemas, strict=True))
    return {
        "openapi": OPENAPI,
        "info": {"title": "Power", "version": power_version(), "license": {"name": "MIT", "identifier": "MIT"}},
        "paths": {
            path: {method.lower(): _operation(path, method, one, by_type) for method, one in methods.items()}
            for path, methods in described.items()
        },
        "components": {"schemas": components},
    }


def routes() -> Iterator[tuple[str, Mapping[str, Handler]]]:
    """Each path of the API as OpenAPI writes it, with its handlers by method."""
    for path, pattern in _patterns(get_resolver().url_patterns, "/"):
        if not path.startswith(PAGES):
            callback: Any = pattern.callback
            yield path, getattr(callback, "handlers", None) or {"GET": callback}


def _patterns(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = prefix + _PARAMETER.sub(r"{\g<name>}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            # The admin's own routes are regular expressions.
            yield from () if path.startswith(PAGES) else _patterns(pattern.url_patterns, path)
        else:
            yield path, pattern


def _operation(path: str, method: str, one: Operation | None, schemas: Mapping[type, Any]) -> dict[str, Any]:
    parameters = _parameters(path, one.query if one else {})
    shown: dict[str, Any] = {"operationId": _identifier(path, method)} | (
        {"parameters": parameters} if parameters else {}
    )
    if one is None:
        return shown | {"responses": {"default": {"description": "Any answer."}}}
    shown |= {"summary": one.summary, "tags": [one.tag]}
    if one.body is not None:
        shown["requestBody"] = {"required": True, "content": {one.body_type: {"schema": schemas[one.body]}}}
    elif one.binary_body:
        shown["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return shown | {"responses": _responses(method, one, schemas)}


def _parameters(path: str, query: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    in_path = re.findall(r"\{(\w+)\}", path)
    return [
        *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path),
        *({"name": name, "in": "query", "schema": schema} for name, schema in query.items()),
    ]


def _responses(method: str, one: Operation, schemas: Mapping[type, Any]) -> dict[str, Any]:
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in one.headers.items()}
    answers: dict[str, Any] = {}
    for status, content in one.statuses.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if headers and status < 300:
            answer["headers"] = headers
        if content and method != "HEAD":
            answer["content"] = _content(content, schemas)
        answers[str(status)] = answer
    error = {"description": "What went wrong, in one sentence."}
    shape = {} if method == "HEAD" else {"content": {"application/json": {"schema": schemas[one.error]}}}
    return answers | {"default": error | shape}


def _content(content: Content, schemas: Mapping[type, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for media_type, types in content.items():
        each = [schemas[kind] for kind in types]
        shown[media_type] = {"schema": each[0] if len(each) == 1 else {"anyOf": each}} if each else {}
    return shown


def _identifier(path: str, method: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", path.removesuffix("/")).strip("_") or "root"
    return f"{method.lower()}_{words}" + ("_slash" if path.endswith("/") and path != "/" else "")
