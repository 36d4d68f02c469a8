"""What every wire needs of HTTP: the database off the loop, JSON in and out. Streams are in ``streams``."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import re
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import Any, ParamSpec, TypeVar

import msgspec
import orjson
from django.core.exceptions import RequestAborted
from django.db import OperationalError, close_old_connections, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from power_site import request_id
from power_site.gate.refusal import Refusal, internal_error_text

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

AsyncView = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
JSON = "application/json; charset=utf-8"

# Above this many bytes a body is parsed in a thread: 256 KB take orjson about a millisecond.
PARSE_OFF_LOOP_BYTES = 256 * 1024

KEEP_CONNECTION_SECONDS = 60.0
# One pool for every request: a thread per request would be a thousand threads at a thousand streams.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="power-db")
# Files have threads of their own: a disk that syncs gigabytes holds up nobody's query.
_file_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="power-file")


class BadRequest(Exception):
    """The body can't be used. ``str(error)`` goes to the client; ``field`` names the offending one, if it is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DatabaseBusy(Exception):
    """Another process has held the database's lock for longer than we wait."""

    retry_after_seconds = 5

    def __init__(self) -> None:
        super().__init__("the catalog is busy, please try again")


class MethodNotAllowed(Exception):
    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("method not allowed")
        self.allowed = ", ".join(sorted(allowed))


def endpoint(on_error: Callable[[Exception], HttpResponse], **handlers: AsyncView) -> AsyncView:
    """A view that picks its handler by method and lets the wire's table answer for what is raised."""

    async def dispatch(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        handler = handlers.get(request.method or "")
        try:
            if handler is None:
                raise MethodNotAllowed(handlers)
            return await handler(request, *args, **kwargs)
        except (RequestAborted, Refusal):
            raise  # no answer of the wire's: the client left, or the gate has the last word
        except Exception as error:  # noqa: BLE001 - on_error logs what it doesn't know
            return on_error(error)

    # No cookie is ever an identity on the API paths, so there is nothing to forge.
    dispatch.csrf_exempt = True  # type: ignore[attr-defined]
    dispatch.methods = frozenset(handlers)  # type: ignore[attr-defined]
    dispatch.handlers = handlers  # type: ignore[attr-defined]
    return dispatch


async def run_db(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs a selector or service in the shared threads; its database connection is never a stale one.

    Raises DatabaseBusy besides what ``function`` raises.
    """

    def call() -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        except OperationalError as error:
            if "locked" in str(error):
                raise DatabaseBusy from None
            raise
        finally:
            _keep_connections()

    return await _in_thread(_threads, call)


async def run_file(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs what reads or writes a file in the threads for that. It must not touch the database."""
    return await _in_thread(_file_threads, function, *args, **kwargs)


async def run_file_always(function: Callable[[], object]) -> None:
    """``run_file`` for what cleans up: once begun, no cancellation of the caller keeps it from running to its end.

    A future and not a task: a loop that ends cancels its tasks, those behind a shield too. The threads are joined when
    the process ends.
    """
    await asyncio.shield(asyncio.get_running_loop().run_in_executor(_file_threads, function))


def _keep_connections() -> None:
    """Leaves this thread's connections open for its next call, unless one has failed.

    The threads are few and live as long as the server, unlike those that CONN_MAX_AGE is 0 for; a connection of their
    own spares every request a millisecond before its first token.
    """
    for connection in connections.all(initialized_only=True):
        connection.close_at = time.monotonic() + KEEP_CONNECTION_SECONDS
        connection.close_if_unusable_or_obsolete()


async def read_json(request: HttpRequest) -> dict[str, Any]:
    """The body as an object, whatever its Content-Type says (gin's ShouldBindJSON ignores it too). Raises BadRequest.

    Fields that are null are left out. The gate has bounded the body's size; ``read()`` and not ``body``, because the
    latter applies Django's own limit for forms.
    """
    body = request.read()
    if not body.strip():
        raise BadRequest("missing request body")
    parsed = await _in_thread(_threads, _parse, body) if len(body) > PARSE_OFF_LOOP_BYTES else _parse(body)
    if not isinstance(parsed, dict):
        raise BadRequest(f"request body must be a JSON object, not {_json_type(parsed)}")
    return {name: value for name, value in parsed.items() if value is not None}


def convert(body: Mapping[str, Any], into: type[T], *, strict: bool = True) -> T:
    """The typed request. Raises BadRequest naming the field by its path, as in ``messages[0].content``.

    Not ``strict``: numbers and booleans may be written as text, as they are in a form.
    """
    try:
        return msgspec.convert(body, into, strict=strict)
    except msgspec.ValidationError as error:
        raise _invalid_field(str(error)) from None


def fold_keys(value: dict[str, Any]) -> dict[str, Any]:
    """Names matched without case, as Go's encoding/json does; an exactly written one wins over its variants."""
    if all(name == name.lower() for name in value):
        return value
    folded = {name.lower(): item for name, item in value.items()}
    return folded | {name: item for name, item in value.items() if name == name.lower()}


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """One line of compact JSON: Ollama's client reads even a whole answer line by line (api/client.go)."""
    return HttpResponse(orjson.dumps(value), status=status, content_type=JSON, headers=headers)


def unexpected_text(error: Exception) -> str:
    """What a client sees of an error that no table knows: the request's id, under which the log has the rest.

    The log gets its type and where it happened; its message may quote a prompt, and stays out.
    """
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    trace = " < ".join(f"{frame.name} ({PurePath(frame.filename).name}:{frame.lineno})" for frame in reversed(frames))
    logger.error("unexpected %s in %s", type(error).__name__, trace)
    return internal_error_text(request_id.current())


def ignored_options_header(names: Iterable[str]) -> dict[str, str]:
    """The names come from the request: only what may stand in a header is repeated."""
    safe = [re.sub(r"[^\w.-]", "?", name, flags=re.ASCII)[:64] for name in names]
    return {"X-Power-Ignored-Options": ", ".join(safe[:32])} if safe else {}


def wants_sse(request: HttpRequest) -> bool:
    return SSE in request.headers.get("Accept", "")


async def _in_thread(threads: ThreadPoolExecutor, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    # The context goes along: the request's id is in it, and log records carry it.
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(threads, call)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"invalid JSON: {error.msg} at character {error.pos}") from None


_MSGSPEC_PATH = re.compile(r"^(?P<text>.*) - at `(?:key in )?\$\.?(?P<path>[^`]*)`$", re.DOTALL)


def _invalid_field(message: str) -> BadRequest:
    match = _MSGSPEC_PATH.match(message)
    if match is None or not match["path"]:
        missing = re.match(r"^Object missing required field `([^`]+)`", message)
        field = missing[1] if missing else None
        return BadRequest(f"{field} is required" if field else message.replace("`", '"'), field=field)
    text = match["text"].replace("`", '"')
    return BadRequest(f'invalid value for "{match["path"]}": {text[:1].lower()}{text[1:]}', field=match["path"])


def _json_type(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
