"""S1 and S3 over HTTP: what is no model name is refused on every route that takes one, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.live import LiveServer

pytestmark = pytest.mark.slow

MESSAGES = [{"role": "user", "content": "hi"}]
BAD_NAMES = [
    "../../x",
    "a/../../b:latest",
    "/etc/passwd",
    "C:\\x",
    "NUL",
    ".",
    "..",
    "x\u0000y",
    "x\u202ey",
    "x y",
    "x\ny",
    "m" * 300,
    "host:5000/../..",
    "a/b/c/d",
    "sha256:../../../../etc/passwd",
    "sha256-" + "a" * 64 + "/..",
    "x:../../y",
    "http://",
    "x:" + "t" * 81,
    "m" * 1_000_000,
]
Call = Callable[[httpx2.Client, str], httpx2.Response]
ROUTES: dict[str, Call] = {
    "generate": lambda c, name: c.post("/api/generate", json={"model": name, "prompt": "x"}),
    "chat": lambda c, name: c.post("/api/chat", json={"model": name, "messages": MESSAGES}),
    "show": lambda c, name: c.post("/api/show", json={"model": name}),
    "show by its old key": lambda c, name: c.post("/api/show", json={"name": name}),
    "copy from": lambda c, name: c.post("/api/copy", json={"source": name, "destination": "fine"}),
    "copy to": lambda c, name: c.post("/api/copy", json={"source": "tiny", "destination": name}),
    "delete": lambda c, name: c.request("DELETE", "/api/delete", json={"model": name}),
    "v1 chat": lambda c, name: c.post("/v1/chat/completions", json={"model": name, "messages": MESSAGES}),
    "v1 completions": lambda c, name: c.post("/v1/completions", json={"model": name, "prompt": "x"}),
}


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: ascii(name[:24]))
@pytest.mark.parametrize("route", ROUTES)
def test_what_is_no_name_is_refused(shared_server: LiveServer, route: str, name: str) -> None:
    before = everything(shared_server.home)
    with httpx2.Client(base_url=shared_server.url, timeout=30) as client:
        answer = ROUTES[route](client, name)
    error = answer.json()["error"]
    message = error if isinstance(error, str) else error["message"]
    assert answer.status_code == 400, message
    assert "invalid" in message
    assert str(shared_server.home) not in answer.text
    assert len(answer.text) < 1000
    assert everything(shared_server.home) == before
    assert shared_server.workers() == []


@pytest.mark.parametrize("path", ["%2e%2e%2f%2e%2e%2fetc%2fpasswd", "sha256:..%2f..%2fx", "x%00y", "a%0ab"])
def test_a_name_in_a_path_is_refused_too(shared_server: LiveServer, path: str) -> None:
    answer = httpx2.get(f"{shared_server.url}/v1/models/{path}")
    assert answer.status_code in (400, 404)
    assert "error" in answer.json()


@pytest.mark.parametrize("field", [None, 5, [], {}, True])
def test_a_name_that_is_no_text_is_refused(shared_server: LiveServer, field: Any) -> None:
    for path in ("/api/show", "/api/chat", "/v1/chat/completions"):
        answer = httpx2.post(shared_server.url + path, json={"model": field, "messages": MESSAGES})
        assert answer.status_code == 400
        assert "model" in answer.text


@pytest.mark.parametrize("name", ["TINY", "Tiny:LATEST", "library/tiny", "registry.ollama.ai/library/tiny:latest"])
def test_other_spellings_of_a_name_are_that_name(shared_server: LiveServer, name: str) -> None:
    with httpx2.Client(base_url=shared_server.url) as client:
        assert client.post("/api/show", json={"model": name}).status_code == 200
        assert client.get(f"/v1/models/{name}").json()["id"] == name
        assert client.post("/api/copy", json={"source": name, "destination": name.upper()}).status_code == 200
        assert [model["name"].lower() for model in client.get("/api/tags").json()["models"]] == ["tiny:latest"]


def test_both_selectors_at_once_are_refused_in_ollamas_words(shared_server: LiveServer) -> None:
    answer = httpx2.post(f"{shared_server.url}/api/show", json={"model": "tiny:local:cloud"})
    assert (answer.status_code, answer.json()["error"]) == (400, "use either :local or :cloud, not both")


def everything(home: Path) -> set[Path]:
    """Every file, but for the database's own and the log's."""
    return {path for path in home.rglob("*") if not path.name.startswith("power.sqlite3")}
