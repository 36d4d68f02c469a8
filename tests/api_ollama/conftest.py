"""The server's application in the test's own process: the gate, Django and the wires, without a socket or a pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from power_site import conf
from power_site.gate import Gate
from power_site.handler import APIHandler, PageHandler, PathSwitch


@pytest.fixture
def store(home: Path, transactional_db: None) -> Path:
    """The blob directory of a fresh home that refuses no small disk."""
    conf.configure({"min_free_bytes": 0})
    folder = home / "models" / "blobs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def api(store: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = Gate(PathSwitch(APIHandler(), PageHandler()), conf.config())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
