"""A file as the body of an answer."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from power_site import files
from power_site.files import FileBody

DATA = bytes(range(256)) * 8


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], FileBody]:
    monkeypatch.setattr(files, "PIECE_BYTES", 1000)
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return lambda: FileBody(os.open(path, os.O_RDONLY))


async def test_all_of_it_comes_in_pieces(opened: Callable[[], FileBody]) -> None:
    body = opened()
    pieces = [piece async for piece in body]
    assert [len(piece) for piece in pieces] == [1000, 1000, 48]
    assert b"".join(pieces) == DATA
    body.close()


async def test_a_selection_is_what_comes(opened: Callable[[], FileBody]) -> None:
    body = opened()
    body.select(5, 1500)
    assert b"".join([piece async for piece in body]) == DATA[5:1500]
    body.close()


async def test_a_file_that_was_cut_meanwhile_is_an_error(opened: Callable[[], FileBody], tmp_path: Path) -> None:
    body = opened()
    os.truncate(tmp_path / "file", 10)
    with pytest.raises(OSError, match="ended before its length"):
        _ = [piece async for piece in body]
    body.close()


async def test_closing_during_a_read_waits_for_nobody_and_closes_after_it(
    opened: Callable[[], FileBody], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = threading.Event(), threading.Event()
    closed: list[int] = []
    read, close = os.pread, os.close

    def slow_read(descriptor: int, n: int, at: int) -> bytes:
        reading.set()
        assert go_on.wait(10)
        assert not closed
        return read(descriptor, n, at)

    monkeypatch.setattr(os, "pread", slow_read)
    monkeypatch.setattr(os, "close", lambda descriptor: (closed.append(descriptor), close(descriptor))[1])
    body = opened()
    first = asyncio.ensure_future(anext(body))
    await asyncio.to_thread(reading.wait, 10)
    body.close()
    body.close()
    assert closed == []
    go_on.set()
    await first
    assert len(closed) == 1
    with pytest.raises(StopAsyncIteration):
        await anext(body)
    body.close()
    assert len(closed) == 1
