"""A client of a Power server: a running one, or the one that this process hosts for itself."""

from __future__ import annotations

from http.client import HTTPConnection

from models_app.console.connection import Connect, Json, Lines, receive, receive_lines, send
from models_app.console.errors import ServerError

_PROBE_SECONDS = 2.0
_CALL_SECONDS = 60.0
_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class Client:
    """``host`` and ``port`` as the server was told to listen: an "any" address is reached over loopback.

    ``connect`` gives the connections where there is no address (``power_site.hosted``).
    """

    def __init__(self, host: str, port: int, *, connect: Connect | None = None) -> None:
        self.host = _ANY_ADDRESS.get(host, host)
        self.port = port
        self._connect = connect

    def is_running(self) -> bool:
        """Whether a Power server answers here. One that accepts and then stays silent is an error, not an absence."""
        try:
            return "version" in self._call("GET", "/api/version", None, _PROBE_SECONDS)
        except TimeoutError as error:
            raise ServerError(f"the server at {self.host}:{self.port} does not answer") from error
        except (OSError, ServerError):
            return False

    def version(self) -> str:
        """Power's own, not that of the Ollama it stands in for. Raises ServerError, OSError."""
        return str(self._call("GET", "/health", None, _PROBE_SECONDS).get("version") or "")

    def models(self) -> list[Json]:
        """The catalog, as ``/api/tags`` lists it."""
        return list(self._call("GET", "/api/tags", None, _CALL_SECONDS).get("models") or ())

    def residents(self) -> list[Json]:
        """The models in memory, as ``/api/ps`` lists them."""
        return list(self._call("GET", "/api/ps", None, _CALL_SECONDS).get("models") or ())

    def show(self, name: str) -> Json:
        """Raises ServerError, with status 404 for a model that isn't there."""
        return self._call("POST", "/api/show", {"model": name}, _CALL_SECONDS)

    def load(self, name: str, *, keep_alive: float | None = None, think: bool | str | None = None) -> None:
        """Returns when the model is in memory; ``think`` is refused here where the model can't."""
        asked = {"keep_alive": keep_alive, "think": think}
        body = {"model": name, "stream": False} | {key: value for key, value in asked.items() if value is not None}
        self._call("POST", "/api/generate", body, None)

    def unload(self, name: str) -> None:
        """As ``ollama stop`` does it: an empty prompt with ``keep_alive`` 0."""
        body = {"model": name, "prompt": "", "keep_alive": 0, "stream": False}
        self._call("POST", "/api/generate", body, _CALL_SECONDS)

    def embed(self, body: Json) -> list[float]:
        """The embedding of the one input of ``body``."""
        embeddings = self._call("POST", "/api/embed", body, None).get("embeddings")
        if not embeddings:
            raise ServerError("no embeddings returned")
        return list(embeddings[0])

    def create(self, body: Json) -> None:
        """Returns when the model is there. Raises ServerError."""
        self._call("POST", "/api/create", body | {"stream": False}, None)

    def stream(self, path: str, body: Json) -> Lines:
        """Post ``body`` and read the NDJSON answer. Raises ServerError when it is refused before the first line.

        There is no deadline: a model may take long to load and a queue may be long; Ctrl-C ends the wait.
        """
        return receive_lines(self._send("POST", path, body, None))

    def _call(self, method: str, path: str, body: Json | None, timeout_seconds: float | None) -> Json:
        return receive(self._send(method, path, body, timeout_seconds))

    def _send(self, method: str, path: str, body: Json | None, timeout_seconds: float | None) -> HTTPConnection:
        connection = HTTPConnection(self.host, self.port, timeout=timeout_seconds)
        return send(connection, self._connect, method, path, body)
