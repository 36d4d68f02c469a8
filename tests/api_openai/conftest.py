"""What the tests of OpenAI's wire share: the server's application with the fake engine, in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from asgiref.sync import sync_to_async

from models_app.services.pull import model_pull
from power_site import conf, runtime
from tests.gguf_files import write_tiny_gguf

MODELS: dict[str, dict[str, Any]] = {
    "tiny": {},
    "embedder": {"llama.pooling_type": 1},
    "ranker": {"llama.pooling_type": 4},
}


@pytest.fixture
def pull(home: Path, transactional_db: None) -> Callable[..., Any]:
    """``await pull(path, name)``: into the catalog of a fresh home that refuses no small disk."""
    conf.configure({"min_free_bytes": 0})
    (home / "models" / "blobs").mkdir(parents=True)

    async def do(path: Path, name: str) -> None:
        await sync_to_async(model_pull)(
            source=str(path), name=name, on_progress=lambda progress: None, cancelled=lambda: False
        )

    return do


@pytest.fixture
async def client(api: httpx2.AsyncClient, pull: Callable[..., Any], home: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """With the models ``tiny``, which generates, ``embedder`` and ``ranker``; a context of 64 tokens."""
    conf.configure({"min_free_bytes": 0, "backend": "fake", "engine_host": "inline", "context_length": 64})
    for name, extra in MODELS.items():
        await pull(write_tiny_gguf(home / f"{name}.gguf", extra=extra), name)
    await runtime.start(conf.config())
    yield api
    await runtime.stop(drain_seconds=0)
    runtime.forget()
