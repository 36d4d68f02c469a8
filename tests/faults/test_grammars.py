"""S26: schemas and grammars that explode, loop or reach out: refused with the reason or held to, in seconds, by a
worker that lives on; and nobody's answer waits for it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model]

# The promise is 5 seconds; the rest is for a machine that does other things.
LIMIT_SECONDS = 15.0
MODEL = "smollm2"
MESSAGES = [{"role": "user", "content": "hi"}]


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def patterns(*several: str) -> dict[str, Any]:
    return {"allOf": [{"type": "string", "pattern": pattern} for pattern in several]}


SCHEMAS: dict[str, dict[str, Any]] = {
    "depth 200": nested(200),
    "depth 400": nested(400),
    "allOf of 50": patterns(*(f".*[a-z]{{{n}}}.*" for n in range(1, 51))),
    "minItems 1e9": {"type": "array", "minItems": 10**9},
    "maxLength 1e9": {"type": "string", "minLength": 10**9, "maxLength": 10**9},
    "enum of 10k": {"enum": [f"value {n}" for n in range(10_000)]},
    "5000 properties": {"type": "object", "properties": {f"k{n}": {"type": "string"} for n in range(5000)}},
    "itself": {"$ref": "#"},
    "a ring": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    "tree": {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
    "look-behind": {"type": "string", "pattern": "(?<=x)a"},
    "nested stars": {"type": "string", "pattern": "(a+)+$"},
    "nested counts": {"type": "string", "pattern": "((a{1,99}){1,99}){1,99}"},
    "multipleOf": {"type": "integer", "multipleOf": 1234567},
    "late choice": {"type": "string", "pattern": "(.*a.{20}|.*b.{22}|.*c.{25})*"},
    "wrong types": {"type": "objekt", "properties": 5, "pattern": 7},
    "null byte": {"type": "string", "pattern": "\0"},
}
GRAMMARS: dict[str, str] = {
    "nothing": "root ::=",
    "left recursion": 'root ::= root "a" | "a"',
    "only itself": "root ::= root",
    "a ring": "root ::= a\na ::= b\nb ::= a",
    "no root": 'start ::= "a"',
    "unknown rule": "root ::= nothing",
    "endless nothing": 'root ::= ""*',
    "stars of stars": 'root ::= (("a"*)*)*',
    "a million": 'root ::= "a"{1000000}',
    "a million squared": "root ::= a{1000}\na ::= b{1000}\nb ::= [a-z]{1000}",
    "deep": "root ::= " + "(" * 20_000 + '"a"' + ")" * 20_000,
    "an open class": "root ::= [a-",
    "an open string": 'root ::= "a',
    "a wrong escape": r'root ::= "\xZZ" [\U0011FFFF]',
    "two million bytes": "root ::= " + '"a" ' * 500_000,
    "control bytes": "root ::= \x00\x01\x02",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, smollm2_path: Path) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path_factory.mktemp("s26") / "home", {"generic_tools": "true"})
    live.add_model(smollm2_path, MODEL)
    live.start()
    httpx2.post(f"{live.url}/api/generate", json={"model": MODEL}, timeout=60.0, trust_env=False)
    yield live
    alive = live.is_alive()
    live.process.kill()
    live.process.wait(timeout=10)
    assert alive, f"the server ended under the tests:\n{live.log()}"


@contextlib.contextmanager
def unharmed(server: LiveServer) -> Iterator[None]:
    """The same worker is there afterwards, and in time."""
    workers = server.workers()
    begun_at = time.monotonic()
    yield
    assert time.monotonic() - begun_at < LIMIT_SECONDS
    assert server.workers() == workers


def post(server: LiveServer, path: str, body: dict[str, Any]) -> httpx2.Response:
    everything = {"model": MODEL, "stream": False, **body}
    return httpx2.post(f"{server.url}{path}", json=everything, timeout=60.0, trust_env=False)


def assert_refused_or_answered(server: LiveServer, answer: httpx2.Response) -> None:
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        reason = answer.json()["error"]
        text = reason if isinstance(reason, str) else reason["message"]
        assert 0 < len(text) < 500
        assert str(server.home) not in text


@pytest.mark.parametrize("path", ["/api/generate", "/api/chat"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hostile_schema_is_refused_or_held_to(server: LiveServer, path: str, name: str) -> None:
    with unharmed(server):
        body = {"prompt": "hi", "messages": MESSAGES, "format": SCHEMAS[name], "options": {"num_predict": 8}}
        assert_refused_or_answered(server, post(server, path, body))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hostile_tool_is_refused_or_held_to(server: LiveServer, name: str) -> None:
    function = {"name": "act", "description": "", "parameters": SCHEMAS[name]}
    tools = [{"type": "function", "function": function}]
    with unharmed(server):
        body = {"messages": MESSAGES, "tools": tools, "tool_choice": "required", "options": {"num_predict": 8}}
        assert_refused_or_answered(server, post(server, "/api/chat", body))


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_hostile_grammar_is_refused_or_held_to(server: LiveServer, name: str) -> None:
    with unharmed(server):
        body = {"prompt": "hi", "options": {"num_predict": 8, "grammar": GRAMMARS[name]}}
        assert_refused_or_answered(server, post(server, "/api/generate", body))


def test_a_schema_of_the_other_wire_is_refused_or_held_to(server: LiveServer) -> None:
    for name in ("allOf of 50", "look-behind"):
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMAS[name]}}
        with unharmed(server):
            answer = post(server, "/v1/chat/completions", {"messages": MESSAGES, "response_format": form})
            assert answer.status_code == 400


def test_a_schema_ten_thousand_deep_is_refused(server: LiveServer) -> None:
    text = '{"properties":{"a":' * 10_000 + "{}" + "}}" * 10_000
    body = f'{{"model": "{MODEL}", "prompt": "hi", "stream": false, "format": {text}}}'
    with unharmed(server):
        answer = httpx2.post(
            f"{server.url}/api/generate",
            content=body,
            headers={"Content-Type": "application/json"},
            timeout=60.0,
            trust_env=False,
        )
        assert answer.status_code == 400


def test_a_schema_reaches_out_to_nobody(server: LiveServer) -> None:
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.settimeout(1.0)
        reference = f"http://127.0.0.1:{canary.getsockname()[1]}/schema.json"
        for schema in ({"$ref": reference}, {"$schema": reference, "$id": reference, "type": "integer"}):
            with unharmed(server):
                body = {"prompt": "hi", "format": schema, "options": {"num_predict": 8}}
                assert_refused_or_answered(server, post(server, "/api/generate", body))
        with pytest.raises(TimeoutError):
            canary.accept()


def test_other_peoples_answers_go_on_while_schemas_are_tried(server: LiveServer) -> None:
    def attack(number: int) -> None:
        post(server, "/api/generate", {"prompt": "hi", "format": SCHEMAS["allOf of 50"] | {"title": str(number)}})

    attackers = [threading.Thread(target=attack, args=(number,)) for number in range(4)]
    with unharmed(server):
        for attacker in attackers:
            attacker.start()
        answer = post(server, "/api/generate", {"prompt": "hi", "options": {"num_predict": 8}})
        assert answer.status_code == 200
    for attacker in attackers:
        attacker.join()


def test_a_good_schema_still_holds_after_all_that(server: LiveServer) -> None:
    properties = {"n": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["n"], "additionalProperties": False}
    answer = post(server, "/api/generate", {"prompt": "Give me a number.", "format": schema})
    assert isinstance(json.loads(answer.json()["response"])["n"], int)
