"""Log lines without content."""

from __future__ import annotations

import logging

from power_site import request_id
from power_site.logs import LineFormatter


def line(message: str, *, error: Exception | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("power.test", logging.ERROR, __file__, 1, message, (), info)  # type: ignore[arg-type]
    return LineFormatter().format(record)


def test_a_record_is_one_line_whatever_its_message_holds() -> None:
    assert line("one\ntwo\rthree\n").count("\n") == 0
    assert line("begun").endswith("begun")
    assert "one\\ntwo\\rthree" in line("one\ntwo\rthree\n")


def test_an_exception_is_its_class_and_its_place_without_text_values_or_folders() -> None:
    try:
        raise ValueError("CANARY")
    except ValueError as error:
        text = line("failed", error=error)
    assert "failed exception=ValueError at test_logs.py:" in text
    assert "CANARY" not in text
    assert "/" not in text.split("failed")[1]


def test_each_line_of_a_request_carries_its_id() -> None:
    request_id.begin(b"id-7")
    try:
        assert line("hello").endswith("hello request_id=id-7")
        assert line("request_id=id-7 hello").count("id-7") == 1
    finally:
        request_id._current.set("-")
    assert "request_id" not in line("hello")


def test_messages_are_stamped_in_utc() -> None:
    record = logging.LogRecord("power.test", logging.INFO, __file__, 1, "x", (), None)
    record.created, record.msecs = 0.0, 7.0
    assert LineFormatter().format(record).startswith("1970-01-01T00:00:00.007Z INFO power.test x")
