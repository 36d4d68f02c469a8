"""What the tests of Ollama's wire share."""

from __future__ import annotations

from pathlib import Path

import pytest

from power_site import conf


@pytest.fixture
def store(home: Path, transactional_db: None) -> Path:
    """The blob directory of a fresh home that refuses no small disk."""
    conf.configure({"min_free_bytes": 0})
    folder = home / "models" / "blobs"
    folder.mkdir(parents=True)
    return folder
