"""HTTP for a command, over the standard library: a command must start fast.

Blocking, one connection for one call. Closing a stream closes its socket, which is how a server learns that nobody
listens any more and ends the generation.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

from models_app.console.errors import ServerError

Json = dict[str, Any]
Connect = Callable[[], socket.socket]

_MAX_BODY_BYTES = 64 * 2**20
_MAX_LINE_BYTES = 8 * 2**20


def send(
    connection: HTTPConnection, connect: Connect | None, method: str, path: str, body: Json | None
) -> HTTPConnection:
    """Sends the request. ``connect`` gives the socket where it isn't the connection's own address."""
    data = json.dumps(body).encode() if body is not None else None
    try:
        if connect is not None:
            connection.sock = connect()
            connection.sock.settimeout(connection.timeout)
        connection.request(method, path, data, {"Content-Type": "application/json"})
    except BaseException:
        connection.close()
        raise
    return connection


def receive(connection: HTTPConnection) -> Json:
    """The whole answer, and the end of the connection. Raises ServerError, OSError."""
    try:
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise _refusal(response)
        return _json_object(response.read(_MAX_BODY_BYTES))
    except http.client.HTTPException as error:
        raise ServerError("what answers there does not speak HTTP") from error
    finally:
        connection.close()


def receive_lines(connection: HTTPConnection) -> Lines:
    """An answer that comes line by line. Raises ServerError when it is refused before the first one."""
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
