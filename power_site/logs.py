"""Logging without content: one line a record, and exceptions by class and place, never by their text.

An exception's text may quote what a user sent (a JSON parser quotes its input, the ORM its parameters), so the handler
drops messages' exception text and prints where it was raised instead.
"""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import PurePath

from power_site import request_id


class LineFormatter(logging.Formatter):
    """``2026-01-31T12:00:00.123Z INFO power.access method=GET …``, UTC, one line whatever the message holds."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        return ""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).rstrip().replace("\r", "\\r").replace("\n", "\\n")
        return line + _place(record) + _request(line)


class OwnWords(logging.Filter):
    """Django's own request messages hold the raw path and the exception: only the status is left of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.request") or record.name.startswith("django.security"):
            record.msg, record.args = f"status={getattr(record, 'status_code', '-')}", ()
            record.exc_text = None
        return True


def _request(line: str) -> str:
    current = request_id.current()
    return "" if current == "-" or "request_id=" in line else f" request_id={current}"


def _place(record: logging.LogRecord) -> str:
    """The exception's class and its frames as file:line, without paths, values or text."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = [frame for frame in traceback.extract_tb(record.exc_info[2]) if not frame.filename.startswith("<")][-8:]
    where = " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f" exception={record.exc_info[0].__name__} at {where}"
