"""S39: nothing that helps a developer helps a stranger; against a real server."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.live import LiveServer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "path",
    ["/debug/vars", "/debug/pprof/", "/redoc", "/swagger.json", "/.env", "/.git/config", "/api/nope", "/admin/nope"],
)
def test_an_unknown_path_is_a_small_json_404(shared_server: LiveServer, path: str) -> None:
    answer = httpx2.get(f"{shared_server.url}{path}", follow_redirects=False)
    if path.startswith("/admin/"):  # the admin sends strangers to its login, whatever they ask for
        assert answer.status_code == 302
        return
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}
    assert len(answer.content) < 200


def test_an_unknown_path_of_the_openai_wire_has_its_envelope(shared_server: LiveServer) -> None:
    answer = httpx2.get(f"{shared_server.url}/v1/nope")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/api/tags", "/v1/models"])
def test_a_wrong_method_is_a_client_error(shared_server: LiveServer, method: str, path: str) -> None:
    assert httpx2.request(method, f"{shared_server.url}{path}").status_code in {400, 405}


@pytest.mark.parametrize("path", ["/api/tags", "/v1/models", "/admin/login/"])
def test_our_own_failure_shows_the_request_s_id_and_nothing_else(
    start_server: StartServer, tiny_gguf: Path, path: str
) -> None:
    server = start_server(models={"tiny": tiny_gguf}, debug="true")
    with sqlite3.connect(server.home / "power.sqlite3") as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        database.execute("PRAGMA foreign_keys = OFF")
        for name in names:
            if not name.startswith("sqlite_"):
                database.execute(f'DROP TABLE "{name}"')
    method = "POST" if path.startswith("/admin") else "GET"
    with httpx2.Client(base_url=server.url) as client:
        token = client.get(path).cookies.get("csrftoken", "") if method == "POST" else ""
        form = {"username": "a", "password": "b", "csrfmiddlewaretoken": token}
        answer = client.request(method, path, data=form if token else None)
    assert answer.status_code == 500
    request_id = answer.headers["x-request-id"]
    message = answer.json()["error"]
    text = message["message"] if isinstance(message, dict) else message
    assert text == f"internal server error (request id {request_id})"
    assert request_id in server.log()
    assert server.is_alive()


def test_no_log_line_holds_a_path_of_this_machine(shared_server: LiveServer) -> None:
    httpx2.get(f"{shared_server.url}/static/../../../etc/passwd")
    httpx2.get(f"{shared_server.url}/api/nope")
    assert not re.search(r"/(root|home|tmp|usr|work)/", shared_server.log())


def test_static_files_are_served_and_nothing_beside_them(shared_server: LiveServer) -> None:
    assert httpx2.get(f"{shared_server.url}/static/admin/css/base.css").headers["content-type"] == "text/css"
    for path in ("/static/", "/static/admin/", "/static/nope.css", "/static/%2e%2e/%2e%2e/settings.py"):
        assert httpx2.get(f"{shared_server.url}{path}").status_code in {400, 404}
