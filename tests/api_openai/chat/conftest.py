"""A server with the fake engine in the test's own process, whose models think and call tools as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from power_site import conf, runtime
from tests.gguf_files import write_tiny_gguf

TEMPLATES = Path(__file__).parents[2] / "inference" / "chat" / "data" / "jinja"
QWEN = TEMPLATES / "qwen38_chat_template.jinja"

Serve = Callable[..., Awaitable[httpx2.AsyncClient]]


@pytest.fixture
async def serve(api: httpx2.AsyncClient, pull: Callable[..., Any], home: Path) -> AsyncIterator[Serve]:
    """``await serve("what every answer is", length=9)`` with the model ``qwen``, which has Qwen's template."""

    async def start(text: str = "", *, settings: dict[str, Any] | None = None, **behaviour: Any) -> httpx2.AsyncClient:
        script = {"length": max(1, len(text.encode())), **behaviour, **({"text": text} if text else {})}
        fake = "&".join(f"{name}={quote(str(value))}" for name, value in script.items())
        own = {"min_free_bytes": 0, "backend": "fake", "engine_host": "inline", "context_length": 4096}
        conf.configure({**own, "fake_backend": fake, **(settings or {})})
        await pull(write_tiny_gguf(home / "qwen.gguf", chat_template=QWEN.read_text()), "qwen")
        await runtime.start(conf.config())
        return api

    yield start
    await runtime.stop(drain_seconds=0)
    runtime.forget()
