"""Raw bytes against the list of what the one other clone of Ollama's API gets wrong (wire.md 2.14) and 2.1 to 2.4."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conformance.conftest import MODEL
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

SHORT = {"num_predict": 4, "temperature": 0}
NANO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def generate(client: httpx2.Client, /, **fields: Any) -> httpx2.Response:
    return client.post("/api/generate", json={"model": MODEL, "prompt": "Hi", "options": SHORT} | fields)


def test_the_digest_is_that_of_the_manifests_bytes_in_bare_hex(raw: httpx2.Client, server: LiveServer) -> None:
    import sqlite3

    (listed,) = [m for m in raw.get("/api/tags").json()["models"] if m["name"] == MODEL]
    with sqlite3.connect(f"file:{server.home}/power.sqlite3?mode=ro", uri=True) as database:
        manifests = [row[0] for row in database.execute("select raw from models_app_manifest")]
    assert listed["digest"] in {hashlib.sha256(bytes(manifest)).hexdigest() for manifest in manifests}


def test_the_size_is_that_of_the_layers_and_the_config(raw: httpx2.Client, tmp_path: Path) -> None:
    (listed,) = [m for m in raw.get("/api/tags").json()["models"] if m["name"] == MODEL]
    alone = LiveServer(tmp_path / "home", {})  # the shared one has other tests' models too
    assert alone.manage("pull", MODEL).returncode == 0
    assert listed["size"] == sum(path.stat().st_size for path in (alone.home / "models" / "blobs").glob("sha256-*"))


def test_modified_at_is_when_it_was_pulled_and_stays(raw: httpx2.Client) -> None:
    first, second = (raw.get("/api/tags").json()["models"][0]["modified_at"] for _ in range(2))
    assert first == second
    assert datetime.fromisoformat(first[:19] + "+00:00") < datetime.now(UTC) + timedelta(days=1)


def test_a_loaded_model_expires_when_its_keep_alive_says(raw: httpx2.Client) -> None:
    generate(raw, prompt="", keep_alive=120)
    (loaded,) = [m for m in raw.get("/api/ps").json()["models"] if m["name"] == MODEL]
    left = datetime.fromisoformat(loaded["expires_at"].replace("Z", "+00:00")[-32:]) - datetime.now(UTC)
    assert timedelta(seconds=90) < left <= timedelta(seconds=121)
    assert loaded["size"] > 90_000_000
    assert loaded["size_vram"] == 0
    assert loaded["context_length"] > 0


def test_the_version_is_one_that_clients_gate_on(raw: httpx2.Client) -> None:
    version = raw.get("/api/version").json()["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert tuple(map(int, version.split("."))) >= (0, 33, 0)


def test_the_reason_is_length_when_it_was_the_length(raw: httpx2.Client) -> None:
    assert generate(raw, stream=False).json()["done_reason"] == "length"


def test_counts_are_those_of_tokens_and_all_durations_are_there(raw: httpx2.Client) -> None:
    answer = generate(raw, stream=False, prompt="word " * 20, raw=True).json()
    assert 20 <= answer["prompt_eval_count"] <= 23
    assert answer["eval_count"] == 4
    spent = [answer[name] for name in ("load_duration", "prompt_eval_duration", "eval_duration")]
    assert all(isinstance(each, int) and each > 0 for each in spent)
    assert answer["total_duration"] >= answer["prompt_eval_duration"] + answer["eval_duration"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"think": True}, "does not support thinking"), ({"images": ["aGk="]}, "missing data required for image input")],
)
def test_what_the_model_can_not_do_is_not_ignored(raw: httpx2.Client, fields: dict[str, Any], said: str) -> None:
    answer = generate(raw, **fields)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_prompt_can_be_looked_at_without_being_answered(raw: httpx2.Client) -> None:
    generated = generate(raw, system="Be brief.", _debug_render_only=True).json()
    prompt = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert generated.pop("created_at")
    assert generated == {
        "model": MODEL,
        "response": "",
        "done": False,
        "_debug_info": {"rendered_template": prompt},
    }
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    chat = raw.post("/api/chat", json={"model": MODEL, "messages": messages, "_debug_render_only": True}).json()
    assert chat["message"] == {"role": "", "content": ""}
    assert chat["_debug_info"] == {"rendered_template": prompt}


def test_a_template_of_the_requests_own_is_one_of_ollamas(raw: httpx2.Client) -> None:
    template = "{{ if .System }}[{{ .System }}] {{ end }}{{ .Prompt }} ->"
    fields = {"template": template, "system": "Be brief.", "_debug_render_only": True}
    assert generate(raw, **fields).json()["_debug_info"]["rendered_template"] == "[Be brief.] Hi ->"
    assert generate(raw, template=template, stream=False).json()["eval_count"] == 4
    broken = generate(raw, template="{{ if }}")
    assert broken.status_code == 400
    assert "template" in broken.json()["error"]


def test_a_stream_is_ndjson_and_a_whole_answer_one_line(raw: httpx2.Client) -> None:
    stream = generate(raw)
    assert stream.headers["content-type"] == "application/x-ndjson"
    lines = stream.content.split(b"\n")
    assert lines[-1] == b""
    objects = [json.loads(line) for line in lines[:-1]]
    assert all(NANO.fullmatch(one["created_at"]) for one in objects)
    assert all({"model", "created_at", "response", "done"} <= one.keys() for one in objects)
    assert b": " not in lines[0].replace(b'" ', b""), "compact JSON"
    whole = generate(raw, stream=False)
    assert whole.headers["content-type"] == "application/json; charset=utf-8"
    assert b"\n" not in whole.content


def test_server_sent_events_for_those_who_ask(raw: httpx2.Client) -> None:
    answer = raw.post(
        "/api/generate",
        json={"model": MODEL, "prompt": "Hi", "options": SHORT},
        headers={"Accept": "text/event-stream"},
    )
    assert answer.headers["content-type"] == "text/event-stream"
    events = answer.text.removesuffix("\n\n").split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["done"] is True


def test_curls_content_type_is_taken(raw: httpx2.Client) -> None:
    body = json.dumps({"model": MODEL, "prompt": "Hi", "options": SHORT, "stream": False})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert raw.post("/api/generate", content=body, headers=headers).status_code == 200


def test_head_is_answered_where_ollama_has_it_and_else_405(raw: httpx2.Client) -> None:
    for path in ("/", "/api/version", "/api/tags"):
        answer = raw.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    for method, path in (("GET", "/api/chat"), ("POST", "/api/tags"), ("PUT", "/api/show"), ("GET", "/v1/completions")):
        answer = raw.request(method, path)
        assert answer.status_code == 405
        assert "error" in answer.json()
        assert answer.headers["allow"]


def test_empty_successes_have_no_body(raw: httpx2.Client) -> None:
    copied = raw.post("/api/copy", json={"source": MODEL, "destination": "shape"})
    assert (copied.status_code, copied.content) == (200, b"")
    deleted = raw.request("DELETE", "/api/delete", json={"name": "shape"})
    assert (deleted.status_code, deleted.content) == (200, b"")


def test_show_nulls_arrays_unless_verbose(raw: httpx2.Client) -> None:
    shown = raw.post("/api/show", json={"model": MODEL}).json()
    assert shown["model_info"]["tokenizer.ggml.tokens"] is None
    assert len(shown["tensors"]) > 100
    verbose = raw.post("/api/show", json={"name": MODEL, "verbose": True}).json()
    assert len(verbose["model_info"]["tokenizer.ggml.tokens"]) == 49152


def test_copilot_gets_the_name_it_asked_for(raw: httpx2.Client) -> None:
    shown = raw.post("/api/show", json={"model": MODEL}, headers={"User-Agent": "GitHubCopilotChat/0.1"}).json()
    assert shown["model_info"]["general.basename"] == MODEL


def test_ignored_options_are_reported(raw: httpx2.Client) -> None:
    answer = generate(raw, stream=False, options=SHORT | {"nonsense": 1, "low_vram": True})
    assert answer.headers["x-power-ignored-options"] == "nonsense"


def test_truncation_is_reported(raw: httpx2.Client) -> None:
    options = {"num_predict": 1, "num_ctx": 256}
    answer = generate(raw, stream=False, prompt="a " * 300, raw=True, options=options)
    assert re.search(r"tokens=\d+", answer.headers["x-power-truncated"])
