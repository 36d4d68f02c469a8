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
RESPONSE = os.environ.get("POWER_RESPONSE", "")  # the id of one that is stored
NDJSON = "application/x-ndjson"
# Requests that name a model which is to be used, and where they name it. What deletes or pulls keeps its random names.
NAMED = {
    "/api/generate": "model", "/api/chat": "model", "/api/show": "model", "/api/embed": "model", "/api/push": "model",
    "/api/copy": "source", "/api/create": "from", "/v1/chat/completions": "model", "/v1/completions": "model",
    "/v1/embeddings": "model", "/v1/rerank": "model", "/v1/audio/transcriptions": "model", "/v1/responses": "model",
    "/v1/responses/input_tokens": "model", "/v1/messages": "model", "/v1/messages/count_tokens": "model",
    "/tokenize": "model", "/detokenize": "model", "/v1/tokenize": "model", "/v1/detokenize": "model",
}  # fmt: skip
HELLO = [{"role": "user", "content": "Hi"}]
# The many bounds of these requests' fields are no part of the document: some requests keep to what fits them all, which
# is this and the fields that are named. What writes has its limit in all of them.
SIMPLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "/v1/chat/completions": ({"max_tokens": 4, "messages": HELLO}, ("stream",)),
    "/v1/completions": ({"max_tokens": 4, "prompt": "Hi"}, ("stream", "prompt")),
    "/v1/embeddings": ({"input": "Hi", "dimensions": 4}, ()),
    "/v1/responses": ({"max_output_tokens": 4, "input": "Hi"}, ("stream", "store", "background", "truncation")),
    "/v1/responses/input_tokens": ({"input": "Hi"}, ("truncation",)),
    "/v1/messages": ({"max_tokens": 4, "messages": HELLO}, ("stream",)),
    "/v1/messages/count_tokens": ({"messages": HELLO}, ()),
    "/tokenize": ({"prompt": "Hi"}, ("return_token_strs",)),
    "/detokenize": ({"tokens": [72, 105]}, ()),
    "/v1/tokenize": ({"messages": HELLO}, ("return_token_strs",)),
    "/v1/detokenize": ({"tokens": [72, 105]}, ()),
}
LIMITS = frozenset({"max_tokens", "max_output_tokens"})


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
    if "response_id" in case.path_parameters and RESPONSE:
        there = case.method != "DELETE" and len(str(case.path_parameters)) % 4 != 3
        case.path_parameters["response_id"] = RESPONSE if there else "resp_gone"
        if there and case.query:
            case.query.pop("after", None)  # the id of an item that is there
    if case.operation.path.endswith("/tokenizer_info") and case.query:
        case.query["model"] = MODEL
    field = NAMED.get(case.operation.path)
    if field is None or not isinstance(case.body, dict) or len(str(case.body)) % 4 == 0:
        return
    case.body[field] = MODEL
    if case.operation.path in SIMPLE:
        _simple(case.body, *SIMPLE[case.operation.path])
    elif case.operation.path in ("/api/generate", "/api/chat"):
        options = case.body.get("options")
        if options is None or isinstance(options, dict):
            case.body["options"] = {**(options or {}), "num_predict": 4}


def _simple(body: dict[str, Any], simple: dict[str, Any], names: tuple[str, ...]) -> None:
    body.update((name, value) for name, value in simple.items() if name in LIMITS)
    if len(str(body)) % 2:
        kept = {name: body[name] for name in ("model", *names) if name in body}
        body.clear()
        body.update(simple | kept)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Statuses of 500 and more that are meant: Ollama's own for a pull that finds nothing, and a push without way."""
    expected = {
        ("/api/pull", 500, b'{"error":"pull model manifest: file does not exist"}'),
        ("/api/push", 501, b'{"error":"pushing to \'registry.ollama.ai\' is not supported by this server yet"}'),
    }
    return (case.operation.path, response.status_code, response.content) not in expected
