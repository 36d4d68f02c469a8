"""What schemathesis has to know of an API like Ollama's. Loaded by its command line (SCHEMATHESIS_HOOKS).

Lines and events are checked one by one; most requests name a model that is there, since random names are only ever 404.
"""

from __future__ import annotations

import json
import os
from typing import Any

import schemathesis

MODEL = os.environ["POWER_MODEL"]
DIGEST = os.environ["POWER_DIGEST"]  # of a blob that is there
NDJSON = "application/x-ndjson"
# Requests that name a model which is to be used, and where they name it. What deletes or pulls keeps its random names.
NAMED = {
    "/api/generate": "model", "/api/chat": "model", "/api/show": "model", "/api/embed": "model", "/api/push": "model",
    "/api/copy": "source", "/api/create": "from", "/v1/chat/completions": "model", "/v1/completions": "model",
    "/v1/embeddings": "model", "/v1/rerank": "model", "/v1/audio/transcriptions": "model",
    "/v1/responses": "model", "/v1/responses/input_tokens": "model",
}  # fmt: skip
# Of them, those that answer in text, a few tokens of which will do.
WRITING = frozenset({"/v1/chat/completions", "/v1/completions"})


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """A document's schema for NDJSON is that of one line; each may also be an error."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            for response in operation.get("responses", {}).values():
                if NDJSON in response.get("content", {}):
                    _list_of_lines(response["content"][NDJSON])


def _list_of_lines(content: dict[str, Any]) -> None:
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": ["string", "object"]}}}
    line = content["schema"]
    content["schema"] = {"type": "array", "minItems": 1, "items": {"if": error, "then": error, "else": line}}


@schemathesis.deserializer(NDJSON)
def lines(context: Any, response: Any) -> list[Any]:
    assert response.content.endswith(b"\n"), "the last line has no end"
    return [json.loads(line) for line in response.content.split(b"\n")[:-1]]


@schemathesis.deserializer("text/event-stream")
def events(context: Any, response: Any) -> list[Any]:
    """Of a list schemathesis checks each by itself; the document's schema is that of the data."""
    text = response.content.decode()
    assert text.endswith("\n\n"), "the last event has no end"
    data = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(one) for one in data if one != "[DONE]"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Of four requests three are about what is there, and ask for few tokens."""
    if "digest" in case.path_parameters and len(str(case.path_parameters)) % 4:
        case.path_parameters["digest"] = DIGEST
    if case.operation.path == "/api/delete" and isinstance(case.body, dict):
        # It remembers the names that it has seen in answers.
        case.body = {name: "gone" if MODEL in str(value) else value for name, value in case.body.items()}
    if case.method == "DELETE" and MODEL in str(case.path_parameters.get("name")):
        case.path_parameters["name"] = "gone"
    field = NAMED.get(case.operation.path)
    if field is None or not isinstance(case.body, dict) or len(str(case.body)) % 4 == 0:
        return
    case.body[field] = MODEL
    if case.operation.path in WRITING:
        _plain(case.body)
    elif case.operation.path == "/v1/embeddings" and len(str(case.body)) % 2:
        case.body.update(input="Hi", options={}, dimensions=4, encoding_format="float")
    elif case.operation.path.startswith("/v1/responses"):
        _simple(case.body)
    elif case.operation.path in ("/api/generate", "/api/chat"):
        options = case.body.get("options")
        if options is None or isinstance(options, dict):
            case.body["options"] = {**(options or {}), "num_predict": 4}


def _plain(body: dict[str, Any]) -> None:
    """The many bounds of OpenAI's fields are no part of the document: some requests keep to what fits them all."""
    body["max_tokens"] = 4
    if len(str(body)) % 2:
        kept = {name: body[name] for name in ("model", "prompt", "stream", "max_tokens") if name in body}
        body.clear()
        body.update(kept, messages=[{"role": "user", "content": "Hi"}])


def _simple(body: dict[str, Any]) -> None:
    """The same of a response; what it is asked is a word."""
    body["max_output_tokens"] = 4
    if len(str(body)) % 2:
        names = ("model", "stream", "store", "background", "truncation", "max_output_tokens", "service_tier")
        kept = {name: body[name] for name in names if name in body}
        body.clear()
        body.update(kept, input="Hi")


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Statuses of 500 and more that are meant: Ollama's own for a pull that finds nothing, and a push without way."""
    expected = {
        ("/api/pull", 500, b'{"error":"pull model manifest: file does not exist"}'),
        ("/api/push", 501, b'{"error":"pushing to \'registry.ollama.ai\' is not supported by this server yet"}'),
    }
    return (case.operation.path, response.status_code, response.content) not in expected
