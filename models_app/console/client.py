"""A client of a running Power server, over the standard library: a command must start fast.

Blocking, one connection for one call. Closing a stream closes its socket, which is how a server learns that nobody
listens any more and ends the generation.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from http.client import HTTPConnection
from typing import Any

from models_app.console.errors import ServerError

Json = dict[str, Any]

_PROBE_SECONDS = 2.0
_CALL_SECONDS = 60.0
_MAX_BODY_BYTES = 64 * 2**20
_MAX_LINE_BYTES = 8 * 2**20
_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class Client:
    """``host`` and ``port`` as the server was told to listen: an "any" address is reached over loopback."""

    def __init__(self, host: str, port: int) -> None:
        self.host = _ANY_ADDRESS.get(host, host)
        self.port = port

    def is_running(self) -> bool:
        """Whether a Power server answers here. One that accepts and then stays silent is an error, not an absence."""
        try:
            return "version" in self._call("GET", "/api/version", None, _PROBE_SECONDS)
        except TimeoutError as error:
            raise ServerError(f"the server at {self.host}:{self.port} does not answer") from error
        except (OSError, ServerError):
            return False

    def residents(self) -> list[Json]:
        """The models in memory, as ``/api/ps`` lists them."""
        return list(self._call("GET", "/api/ps", None, _CALL_SECONDS).get("models") or ())

    def has_model(self, name: str) -> bool:
        try:
            self._call("POST", "/api/show", {"model": name}, _CALL_SECONDS)
        except ServerError as error:
            if error.status == http.client.NOT_FOUND:
                return False
            raise
        return True

    def unload(self, name: str) -> None:
        """As ``ollama stop`` does it: an empty prompt with ``keep_alive`` 0."""
        body = {"model": name, "prompt": "", "keep_alive": 0, "stream": False}
        self._call("POST", "/api/generate", body, _CALL_SECONDS)

    def stream(self, path: str, body: Json) -> Lines:
        """Post ``body`` and read the NDJSON answer. Raises ServerError when it is refused before the first line.

        There is no deadline: a model may take long to load and a queue may be long; Ctrl-C ends the wait.
        """
        connection = self._send("POST", path, body, None)
        # Taken now: the connection forgets its socket when the answer says that it is the last one.
        sock = connection.sock
        try:
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise _refusal(response)
        except http.client.HTTPException as error:
            connection.close()
            raise ServerError("the server closed the connection") from error
        except BaseException:
            connection.close()
            raise
        return Lines(sock, response)

    def _call(self, method: str, path: str, body: Json | None, timeout_seconds: float) -> Json:
        connection = self._send(method, path, body, timeout_seconds)
        try:
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise _refusal(response)
            return _json_object(response.read(_MAX_BODY_BYTES))
        except http.client.HTTPException as error:
            raise ServerError("what answers there does not speak HTTP") from error
        finally:
            connection.close()

    def _send(self, method: str, path: str, body: Json | None, timeout_seconds: float | None) -> HTTPConnection:
        connection = HTTPConnection(self.host, self.port, timeout=timeout_seconds)
        data = json.dumps(body).encode() if body is not None else None
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"})
        except BaseException:
            connection.close()
            raise
        return connection


class Lines:
    """An iterator over the JSON objects of a stream. ``close`` may be called at any time, from any thread."""

    def __init__(self, sock: socket.socket, response: http.client.HTTPResponse) -> None:
        self._sock = sock
        self._response = response

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> Json:
        """Raises ServerError for an error line, and when the connection ends or breaks in the middle."""
        try:
            line = self._response.readline(_MAX_LINE_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise ServerError("the connection to the server broke") from error
        if not line:
            raise StopIteration
        record = _json_object(line)
        if "error" in record:
            raise ServerError(str(record["error"]))
        return record

    def close(self) -> None:
        # The response holds the socket's file too: without the shutdown, a close would leave the connection open.
        with contextlib.suppress(OSError):  # the server was faster
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


def _refusal(response: http.client.HTTPResponse) -> ServerError:
    message = _json_object(response.read(_MAX_BODY_BYTES)).get("error")
    return ServerError(str(message or f"the server answered {response.status}"), response.status)


def _json_object(data: bytes) -> Json:
    """Anything that is not a JSON object is an empty one: what a stranger's server says is not worth a traceback."""
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
