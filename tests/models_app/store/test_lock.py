"""Locks hold across threads and file removals, and waiting has an end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from models_app.errors import StoreBusy
from models_app.store.lock import file_lock, patience


def test_a_held_lock_is_busy_for_others(tmp_path: Path) -> None:
    held, late = (file_lock(tmp_path / "l", wait=patience(seconds)) for seconds in (0, 0.05))
    with held, pytest.raises(StoreBusy), late:
        pass
    with file_lock(tmp_path / "l", wait=patience(0)):
        pass


def test_one_thread_at_a_time_is_inside_even_when_holders_remove_the_file(tmp_path: Path) -> None:
    inside, most, total = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, total
        for _ in range(10):
            with file_lock(tmp_path / "l", wait=patience(60)):
                inside += 1
                most = max(most, inside)
                total += 1
                inside -= 1
                (tmp_path / "l").unlink()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, total) == (1, 40)
