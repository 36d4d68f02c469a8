"""A catalog with one model in it, and a command's output."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from models_app.services.pull import model_pull

Call = Callable[..., str]


@pytest.fixture
def tiny(home: Path, db: None, tiny_gguf: Path) -> str:
    """The name of a model in the catalog of ``home``."""
    model_pull(source=str(tiny_gguf), name="tiny:1b", on_progress=lambda progress: None, cancelled=lambda: False)
    return "tiny:1b"


@pytest.fixture
def call() -> Call:
    """Runs a command in this process; what it wrote to standard output."""

    def run(*arguments: str) -> str:
        out = io.StringIO()
        call_command(*arguments, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    return run


@pytest.fixture
def no_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that point at a port where nothing listens, whatever runs on this machine."""
    import socket

    from power_site import conf

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("A3S_POWER_PORT", str(port))
    conf.configure({})
