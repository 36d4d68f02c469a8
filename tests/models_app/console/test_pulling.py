from __future__ import annotations

import io
import os
import signal
import sys
import time
import types
from collections.abc import Callable

import pytest

from models_app.console import pulling
from models_app.console.pulling import ctrl_c_cancels, pull
from models_app.errors import TransferCancelled


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_is_asked_for_before_it_interrupts() -> None:
    with ctrl_c_cancels() as cancelled:
        assert not cancelled()
        press_ctrl_c()
        assert cancelled()


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    with ctrl_c_cancels():
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_a_pull_that_does_not_notice_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "_PATIENCE_SECONDS", 0.05)
    with ctrl_c_cancels():
        press_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with ctrl_c_cancels():
        pass
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_cancelled_pull_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def model_pull(*, cancelled: Callable[[], bool], **options: object) -> None:
        press_ctrl_c()
        assert cancelled()
        raise TransferCancelled

    service = types.ModuleType("models_app.services.pull")
    service.model_pull = model_pull  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "models_app.services.pull", service)
    with pytest.raises(KeyboardInterrupt):
        pull(source="m", name=None, stream=io.StringIO())
