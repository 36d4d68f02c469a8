"""What strangers may ask of /api/create (S4, S6, S23, S25), over real connections."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import gguf_corpus as corpus
from tests.gguf_files import write_tiny_gguf
from tests.live import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

Upload = Callable[[bytes], str]
TEMPLATES = {
    "nested ranges": "{{ range .Messages }}" * 5000 + "{{ end }}" * 5000,
    "nested parentheses": "{{ " + "(" * 50_000 + ".Prompt" + ")" * 50_000 + " }}",
    "thousands of actions": "{{ .Prompt }}" * 19_000,
    "never closed": "{{ range .Messages }}" * 20_000,
}


@pytest.fixture
def http(shared_server: LiveServer) -> httpx2.Client:
    return httpx2.Client(base_url=shared_server.url, timeout=60)


@pytest.fixture
def upload(http: httpx2.Client) -> Upload:
    def send(data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert http.post(f"/api/blobs/{digest}", content=data).status_code in (200, 201)
        return digest

    return send


def create(http: httpx2.Client, **body: Any) -> httpx2.Response:
    return http.post("/api/create", json={"model": "new", "stream": False, **body})


@pytest.mark.parametrize("fault", sorted({**corpus.MALFORMED, **corpus.UNUSABLE}))
def test_files_that_lie_are_refused(http: httpx2.Client, upload: Upload, fault: str) -> None:
    digest = upload({**corpus.MALFORMED, **corpus.UNUSABLE}[fault]())
    answer = create(http, files={"x.gguf": digest})
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.gguf", "a.safetensors", "a"])
def test_archives_are_never_opened(http: httpx2.Client, upload: Upload, name: str) -> None:
    digest = upload(b"PK\3\4" + bytes(200))
    assert create(http, files={name: digest}).status_code == 400


def test_paths_say_nothing_of_what_there_is(http: httpx2.Client) -> None:
    for field in ("from", "modelfile", "files"):
        answers = set()
        for path in ("/etc/passwd", "/etc/nothing-here", "../../../etc/passwd"):
            values = {"from": path, "modelfile": f"FROM {path}", "files": {"a": path}}
            answer = create(http, **{field: values[field]})
            answers.add((answer.status_code, answer.content))
        assert len(answers) == 1
        assert answers.pop()[0] == 400


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_holds_nobody_up(http: httpx2.Client, shared_server: LiveServer, name: str) -> None:
    begun = time.perf_counter()
    answer = create(http, **{"from": "tiny", "template": TEMPLATES[name]})
    assert answer.status_code in (200, 400)
    assert time.perf_counter() - begun < 30
    assert http.get("/api/version").status_code == 200


def test_a_client_that_leaves_ends_the_work(http: httpx2.Client, upload: Upload, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    path = write_tiny_gguf(tmp_path / "big.gguf", quantization="F16", n_embd=1024, n_ff=2048, n_layers=6)
    body = {"model": "left", "files": {"a.gguf": upload(path.read_bytes())}, "quantize": "Q4_K_M"}
    with http.stream("POST", "/api/create", json=body) as answer:
        for line in answer.iter_lines():
            if "quantizing" in line:
                break
    deadline = time.monotonic() + 30
    while _quantizing() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _quantizing()
    assert http.post("/api/show", json={"model": "left"}).status_code == 404


def _quantizing() -> bool:
    """Whether a process of a quantization lives, of this user's server or of another test's."""
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(process.read_bytes())
        except OSError:
            continue
    return any(b"inference.quantize.child" in command for command in commands)
