"""/v1/models: the list, one model, and a model that goes, by names with slashes and colons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from api_openai.listing.schema import ModelList
from power_site import conf, runtime
from tests.gguf_files import write_tiny_gguf

NAME = "example.com/team/tiny:v1"


async def test_an_empty_catalog_is_an_empty_list(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/models")
    assert answer.json() == {"object": "list", "data": []}


async def test_models_come_and_go(
    api: httpx2.AsyncClient, pull: Callable[[Path, str], Awaitable[Any]], home: Path
) -> None:
    path = write_tiny_gguf(home / "tiny.gguf", extra={"llama.pooling_type": 4})
    await pull(path, "tiny")
    await pull(path, NAME)
    await runtime.start(conf.config())
    listed = msgspec.json.decode((await api.get("/v1/models")).content, type=ModelList).data
    assert [(one.id, one.owned_by, one.capabilities) for one in listed] == [
        (NAME, "team", ["rerank"]),
        ("tiny:latest", "library", ["rerank"]),
    ]
    one = await api.get(f"/v1/models/{NAME}")
    assert msgspec.convert(one.json(), type(listed[0])) == listed[0]
    gone = await api.delete(f"/v1/models/{NAME}")
    assert (gone.status_code, gone.json()) == (200, {"id": NAME, "object": "model", "deleted": True})
    for answer in (await api.get(f"/v1/models/{NAME}"), await api.delete(f"/v1/models/{NAME}")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert [model["id"] for model in (await api.get("/v1/models")).json()["data"]] == ["tiny:latest"]
    await runtime.stop(drain_seconds=0)
    runtime.forget()
