from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.models_app.console.servers import Answer, serving
from tests.models_app.management.conftest import Call

VERSION = Answer([{"version": "1"}])
RESIDENT = {
    "name": "tiny:1b",
    "digest": "ab" * 32,
    "size": 200_000_000,
    "size_vram": 0,
    "context_length": 4096,
    "expires_at": "2318-01-01T00:00:00Z",
}


def test_ps_shows_what_the_server_holds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/api/version": VERSION, "/api/ps": Answer([{"models": [RESIDENT]}])}) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        header, line = call("ps").splitlines()
        assert json.loads(call("ps", "--json")) == {"models": [RESIDENT]}
    assert header.split() == ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"]
    assert line.split() == ["tiny:1b", "abababababab", "200", "MB", "100%", "CPU", "4096", "Forever"]


@pytest.mark.usefixtures("no_server")
def test_ps_without_a_server_is_an_empty_table_and_a_word_on_standard_error() -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command("ps", stdout=out, stderr=err)
    assert out.getvalue().split() == ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"]
    assert "no Power server is running at 127.0.0.1:" in err.getvalue()


def test_stop_unloads(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/api/version": VERSION, "/api/generate": Answer([{"done_reason": "unload"}])}) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        assert call("stop", "tiny:1b") == "stopped 'tiny:1b'\n"
        assert server.requests[-1][2]["keep_alive"] == 0


def test_stop_of_an_unknown_model_says_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/api/version": VERSION, "/api/generate": Answer([{"error": "model not found"}], 404)}) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        with pytest.raises(CommandError, match='couldn\'t find model "nope" to stop'):
            call("stop", "nope")


@pytest.mark.usefixtures("no_server")
def test_stop_without_a_server_fails(call: Call) -> None:
    with pytest.raises(CommandError, match="no Power server is running"):
        call("stop", "tiny:1b")
