"""What the catalog's tests share: a home, a database, and a pull without ceremony."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models_app.entries import ModelEntry
from models_app.services.pull import model_pull
from power_site import conf


@pytest.fixture
def store(home: Path, db: None) -> Path:
    """The blob directory of a fresh home that refuses no small disk."""
    conf.configure({"min_free_bytes": 0})
    folder = home / "models" / "blobs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def loopback(store: Path) -> Path:
    """A store whose settings let pulls read from this machine."""
    conf.configure({"min_free_bytes": 0, "allow_private_hosts": ["127.0.0.1"]})
    return store


@pytest.fixture
def pull(store: Path) -> Callable[..., ModelEntry]:
    def run(source: Path | str, name: str | None = None, **options: Any) -> ModelEntry:
        options = {"on_progress": lambda _: None, "cancelled": lambda: False} | options
        return model_pull(source=str(source), name=name, **options)

    return run
