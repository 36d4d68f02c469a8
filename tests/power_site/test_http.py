"""power_site.http: bodies, typed requests, and threads for what would hold up the loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from msgspec import Struct

from power_site.http import (
    KEEP_CONNECTION_SECONDS,
    PARSE_OFF_LOOP_BYTES,
    BadRequest,
    DatabaseBusy,
    convert,
    endpoint,
    fold_keys,
    ignored_options_header,
    json_response,
    read_json,
    run_db,
    run_file,
    run_file_always,
    unexpected_text,
    wants_sse,
)


def posted(body: bytes, content_type: str = "application/x-www-form-urlencoded") -> HttpRequest:
    return RequestFactory().post("/api/chat", data=body, content_type=content_type)


async def test_a_body_is_read_whatever_its_content_type_says() -> None:
    assert await read_json(posted(b'{"model":"m"}')) == {"model": "m"}


async def test_null_fields_are_absent() -> None:
    assert await read_json(posted(b'{"model":"m","options":null}')) == {"model": "m"}


@pytest.mark.parametrize("body", [b"", b" \n"])
async def test_an_empty_body_is_refused_in_ollamas_words(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^missing request body$"):
        await read_json(posted(body))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
async def test_what_is_no_json_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^invalid JSON: ") as caught:
        await read_json(posted(body))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", "an array"), (b"1", "a number"), (b'"x"', "a string"), (b"null", "null")]
)
async def test_only_an_object_is_a_request(body: bytes, kind: str) -> None:
    with pytest.raises(BadRequest, match=f"must be a JSON object, not {kind}"):
        await read_json(posted(body))


async def test_a_large_body_is_parsed_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    loads = orjson.loads
    monkeypatch.setattr("orjson.loads", lambda body: threads.append(threading.current_thread()) or loads(body))
    await read_json(posted(b'{"a":1}'))
    await read_json(posted(b'{"a":"' + b"x" * PARSE_OFF_LOOP_BYTES + b'"}'))
    assert [thread is threading.main_thread() for thread in threads] == [True, False]


def test_names_are_matched_without_case_and_an_exact_one_wins() -> None:
    assert fold_keys({"Model": "a", "STREAM": True}) == {"model": "a", "stream": True}
    assert fold_keys({"model": "a", "MODEL": "b"}) == {"model": "a"}


class Inner(Struct):
    text: str


class Outer(Struct):
    inner: list[Inner] = []
    count: int = 0


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        ({"count": "x"}, 'invalid value for "count": expected "int", got "str"', "count"),
        ({"inner": [{"text": 1}]}, 'invalid value for "inner[0].text": expected "str", got "int"', "inner[0].text"),
        ({"inner": [{}]}, 'invalid value for "inner[0]": object missing required field "text"', "inner[0]"),
    ],
)
def test_a_field_of_a_wrong_type_is_named(body: dict[str, Any], message: str, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        convert(body, Outer)
    assert (str(caught.value), caught.value.field) == (message, field)


def test_an_answer_is_one_line() -> None:
    assert json_response({"a": "x\ny"}).content == b'{"a":"x\\ny"}'


def test_only_what_a_header_may_hold_is_repeated_in_it() -> None:
    assert ignored_options_header([]) == {}
    assert ignored_options_header(["a\r\nSet-Cookie: x", "ü" * 100]) == {
        "X-Power-Ignored-Options": "a??Set-Cookie??x, " + "?" * 64
    }


def test_sse_is_sent_to_those_who_accept_it() -> None:
    factory = RequestFactory()
    assert wants_sse(factory.get("/", headers={"Accept": "text/event-stream, */*"}))
    assert not wants_sse(factory.get("/", headers={"Accept": "*/*"}))


async def answered(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


async def broken(request: HttpRequest) -> HttpResponse:
    raise BadRequest("no")


def as_text(error: Exception) -> HttpResponse:
    return HttpResponse(f"{type(error).__name__}: {error}", status=400)


async def test_an_endpoint_chooses_by_method_and_answers_errors_with_its_wires_table() -> None:
    view = endpoint(as_text, GET=answered, POST=broken)
    factory = RequestFactory()
    assert (await view(factory.get("/"))).content == b"ok"
    assert (await view(factory.post("/"))).content == b"BadRequest: no"
    assert (await view(factory.delete("/"))).content == b"MethodNotAllowed: method not allowed"


# run_db's threads keep their connections from one test to the next, and look at them at each call.
@pytest.mark.django_db(transaction=True)
async def test_the_database_is_used_in_few_threads() -> None:
    names = await asyncio.gather(*(run_db(lambda: threading.current_thread().name) for _ in range(50)))
    assert len(set(names)) <= 4


@pytest.mark.django_db(transaction=True)
async def test_a_locked_database_is_said_to_be_busy() -> None:
    def locked() -> None:
        raise OperationalError("database is locked")

    with pytest.raises(DatabaseBusy):
        await run_db(locked)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        monkeypatch.setattr("power_site.http._threads", executor)
        yield
        executor.submit(connection.close)


def connection_before() -> Any:
    """This thread's connection from the call before; makes one for the call after."""
    before = connection.connection
    connection.ensure_connection()
    return before or connection.connection


@pytest.mark.django_db(transaction=True)
async def test_a_thread_keeps_its_connection_for_the_next_call(one_thread: None) -> None:
    made = await run_db(connection_before)
    assert await run_db(connection_before) is made


@pytest.mark.django_db(transaction=True)
async def test_an_unused_connection_has_an_end(one_thread: None) -> None:
    await run_db(connection_before)
    close_at = await run_db(lambda: connection.close_at)
    assert 0 < close_at - time.monotonic() <= KEEP_CONNECTION_SECONDS


def test_an_unexpected_errors_message_reaches_neither_client_nor_log(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("the " + "canary".upper() + " prompt")
    except ValueError as error:
        text = unexpected_text(error)
    assert "CANARY" not in text + caplog.text
    assert "ValueError in test_an_unexpected" in caplog.text


async def test_files_have_threads_of_their_own() -> None:
    assert (await run_file(lambda: threading.current_thread().name)).startswith("power-file")
    assert await run_file(max, 1, 2) == 2


async def test_what_cleans_up_runs_to_its_end_whoever_is_cancelled() -> None:
    """As at a loop's end: its caller is cancelled, and then every task there is; all threads are busy meanwhile."""
    go_on, done = threading.Event(), threading.Event()
    busy = [asyncio.ensure_future(run_file(go_on.wait, 20)) for _ in range(4)]
    cleaning = asyncio.ensure_future(run_file_always(done.set))
    await asyncio.sleep(0.05)
    cleaning.cancel()
    for task in asyncio.all_tasks() - {asyncio.current_task(), *busy}:
        task.cancel()
    await asyncio.wait({cleaning})
    assert not done.is_set()
    go_on.set()
    await asyncio.gather(*busy)
    assert await asyncio.to_thread(done.wait, 20)
