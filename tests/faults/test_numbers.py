"""S27: numbers that llama.cpp would misread are refused by name, on both wires, before any model is touched."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.live import LiveServer

pytestmark = pytest.mark.slow

BIG = 10**30
OPTIONS: list[tuple[str, Any]] = [
    ("temperature", -1),
    ("temperature", 1e9),
    ("temperature", "hot"),
    ("temperature", True),
    ("temperature", [1]),
    ("top_p", -1),
    ("top_p", 1.5),
    ("top_p", {}),
    ("min_p", 99),
    ("min_p", -0.1),
    ("typical_p", 2),
    ("top_k", -2),
    ("top_k", BIG),
    ("top_k", 1.5),
    ("top_k", "40"),
    ("repeat_penalty", 0),
    ("repeat_penalty", -1),
    ("repeat_penalty", 11),
    ("repeat_last_n", -2),
    ("repeat_last_n", BIG),
    ("presence_penalty", 11),
    ("frequency_penalty", -11),
    ("seed", BIG),
    ("seed", "x"),
    ("num_predict", -3),
    ("num_predict", BIG),
    ("num_keep", -2),
    ("num_ctx", 0),
    ("num_ctx", -5),
    ("num_ctx", BIG),
    ("num_ctx", 2.5),
    ("num_batch", 0),
    ("num_thread", -1),
    ("num_gpu", -2),
    ("main_gpu", -1),
    ("use_mmap", 1),
    ("stop", "x"),
    ("stop", [1]),
    ("stop", ["x"] * 17),
    ("stop", ["x" * 257]),
    ("mirostat", 3),
    ("mirostat_tau", -1),
    ("xtc_probability", 2),
    ("dry_multiplier", -1),
    ("logit_bias", {"-1": 1}),
    ("logit_bias", {"1": 1e9}),
    ("logit_bias", {"100000000": 1}),
]
NATIVE: list[tuple[str, Any]] = [
    ("top_logprobs", 10**6),
    ("top_logprobs", -1),
    ("keep_alive", "10"),
    ("keep_alive", {}),
    ("context", [-1]),
    ("context", [BIG]),
    ("context", [10**9]),
]
OPENAI: list[tuple[str, Any]] = [
    ("n", 10**6),
    ("n", 0),
    ("n", -1),
    ("temperature", -0.5),
    ("temperature", 1e9),
    ("top_p", 2),
    ("presence_penalty", 100),
    ("frequency_penalty", -100),
    ("max_tokens", 0),
    ("max_tokens", -1),
    ("max_tokens", BIG),
    ("max_completion_tokens", 0),
    ("top_logprobs", 10**6),
    ("seed", BIG),
    ("stop", ["x"] * 17),
    ("stop", "x" * 257),
    ("logit_bias", {"100000000": 1}),
    ("logit_bias", {"x": 1}),
    ("logit_bias", {"1": 101}),
    ("top_k", -2),
    ("min_p", 2),
    ("repeat_penalty", 0),
]
MESSAGES = [{"role": "user", "content": "hi"}]


def shown(case: tuple[str, Any]) -> str:
    return f"{case[0]}={str(case[1])[:12]}"


@pytest.mark.parametrize("path", ["/api/generate", "/v1/chat/completions"])
@pytest.mark.parametrize(("option", "value"), OPTIONS, ids=map(shown, OPTIONS))
def test_a_bad_option_is_named(shared_server: LiveServer, path: str, option: str, value: Any) -> None:
    assert_refused(shared_server, path, {"prompt": "hi", "messages": MESSAGES, "options": {option: value}}, option)


@pytest.mark.parametrize(("field", "value"), NATIVE, ids=map(shown, NATIVE))
def test_a_bad_field_of_ollamas_is_named(shared_server: LiveServer, field: str, value: Any) -> None:
    # Go's own words for a duration without its unit don't repeat the field's name.
    named = "duration" if value == "10" else field
    assert_refused(shared_server, "/api/generate", {"prompt": "hi", "logprobs": True, field: value}, named)


@pytest.mark.parametrize(("field", "value"), OPENAI, ids=map(shown, OPENAI))
def test_a_bad_field_of_openais_is_named(shared_server: LiveServer, field: str, value: Any) -> None:
    assert_refused(shared_server, "/v1/chat/completions", {"messages": MESSAGES, field: value}, field)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
@pytest.mark.parametrize("path", ["/api/generate", "/v1/completions"])
def test_what_is_no_number_is_no_json(shared_server: LiveServer, path: str, number: bytes) -> None:
    body = b'{"model":"tiny","prompt":"hi","temperature":' + number + b',"options":{"temperature":' + number + b"}}"
    answer = httpx2.post(shared_server.url + path, content=body, timeout=30)
    assert answer.status_code == 400
    assert "invalid JSON" in answer.text


def test_no_model_was_loaded_for_any_of_them(shared_server: LiveServer) -> None:
    assert httpx2.get(f"{shared_server.url}/api/ps").json() == {"models": []}


def assert_refused(server: LiveServer, path: str, fields: dict[str, Any], named: str) -> None:
    body = {"model": "tiny", "stream": False} | fields
    answer = httpx2.post(server.url + path, content=json.dumps(body), timeout=30)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    message = error if isinstance(error, str) else error["message"]
    assert named in message
    assert len(message) < 300
    assert str(server.home) not in message
