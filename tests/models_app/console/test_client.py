from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from models_app.console import client as client_module
from models_app.console.client import Client
from models_app.console.errors import ServerError
from tests.models_app.console.servers import Answer, serving


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_tells_its_version_is_running() -> None:
    with serving({"/api/version": Answer([{"version": "1"}])}) as server:
        assert server.client.is_running()


def test_nothing_that_listens_is_not_running() -> None:
    assert not Client("127.0.0.1", free_port()).is_running()


@pytest.mark.parametrize("lines", [[b"<html>"], [b"[1]"], [{"hello": 1}], []])
def test_something_else_that_answers_is_not_a_server_of_ours(lines: list[object]) -> None:
    with serving({"/api/version": Answer(lines)}) as server:
        assert not server.client.is_running()


def test_what_does_not_speak_http_is_not_a_server_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 smtp ready\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        assert not Client("127.0.0.1", listener.getsockname()[1]).is_running()
        thread.join()


def test_one_that_accepts_and_stays_silent_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PROBE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ServerError, match="does not answer"):
        Client("127.0.0.1", listener.getsockname()[1]).is_running()


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.5", "10.0.0.5")])
def test_an_any_address_is_reached_over_loopback(host: str, reached: str) -> None:
    assert Client(host, 1).host == reached


def test_residents_are_the_models_of_api_ps() -> None:
    with serving({"/api/ps": Answer([{"models": [{"name": "m:latest"}]}])}) as server:
        assert server.client.residents() == [{"name": "m:latest"}]


def test_unload_asks_with_an_empty_prompt_and_keep_alive_zero() -> None:
    with serving({"/api/generate": Answer([{"done": True}])}) as server:
        server.client.unload("m")
        (_, _, body) = server.requests[0]
    assert (body["model"], body["prompt"], body["keep_alive"]) == ("m", "", 0)


def test_an_unknown_model_is_a_refusal_with_404() -> None:
    with serving({"/api/show": Answer([{"details": {}}])}) as server:
        assert server.client.show("m") == {"details": {}}
    absent = Answer([{"error": "model 'm' not found"}], 404)
    with serving({"/api/show": absent}) as server, pytest.raises(ServerError) as caught:
        server.client.show("m")
    assert caught.value.status == 404


def test_a_load_asks_without_a_prompt_and_says_only_what_was_chosen() -> None:
    with serving({"/api/generate": Answer([{"done": True}])}) as server:
        server.client.load("m")
        server.client.load("m", keep_alive=-1, think=False)
        bodies = [body for _, _, body in server.requests]
    assert bodies == [
        {"model": "m", "stream": False},
        {"model": "m", "stream": False, "keep_alive": -1, "think": False},
    ]


def test_an_embedding_is_that_of_the_one_input() -> None:
    with serving({"/api/embed": Answer([{"embeddings": [[0.5, -0.5]]}])}) as server:
        assert server.client.embed({"model": "m", "input": "hi"}) == [0.5, -0.5]
    with serving({"/api/embed": Answer([{"embeddings": []}])}) as server, pytest.raises(ServerError):
        server.client.embed({})


def test_the_version_is_powers_own() -> None:
    with serving({"/health": Answer([{"version": "9.9"}]), "/api/version": Answer([{"version": "0.33"}])}) as server:
        assert server.client.version() == "9.9"


def test_connections_may_come_from_elsewhere_than_an_address() -> None:
    with serving({"/api/tags": Answer([{"models": [{"name": "m"}]}])}) as server:
        address = ("127.0.0.1", server.client.port)
        client = Client("power", 0, connect=lambda: socket.create_connection(address))
        assert client.models() == [{"name": "m"}]


def test_a_refusal_carries_the_servers_sentence_and_status() -> None:
    refusal = Answer([{"error": "server busy"}], 503)
    with serving({"/api/chat": refusal}) as server, pytest.raises(ServerError, match="server busy") as caught:
        server.client.stream("/api/chat", {})
    assert caught.value.status == 503


def test_a_refusal_without_a_sentence_still_says_something() -> None:
    with serving({"/api/chat": Answer([b"<html>"], 502)}) as server, pytest.raises(ServerError, match="502"):
        server.client.stream("/api/chat", {})


def test_a_stream_gives_its_lines_one_by_one() -> None:
    with serving({"/api/chat": Answer([{"n": 1}, {"n": 2}])}) as server:
        lines = server.client.stream("/api/chat", {})
        assert list(lines) == [{"n": 1}, {"n": 2}]
        lines.close()


def test_an_error_line_ends_the_stream_with_an_error() -> None:
    with serving({"/api/chat": Answer([{"n": 1}, {"error": "the worker crashed"}])}) as server:
        lines = server.client.stream("/api/chat", {})
        assert next(lines) == {"n": 1}
        with pytest.raises(ServerError, match="the worker crashed"):
            next(lines)
        lines.close()


def test_closing_a_stream_is_seen_by_the_server_at_once() -> None:
    gone = threading.Event()

    def wait_for_the_end(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.settimeout(10)
        if handler.connection.recv(1) == b"":
            gone.set()

    with serving({"/api/chat": Answer([{"n": 1}], then=wait_for_the_end)}) as server:
        lines = server.client.stream("/api/chat", {})
        assert next(lines) == {"n": 1}
        lines.close()
        lines.close()
        assert gone.wait(5)
