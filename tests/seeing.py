"""A model that sees or hears, on a real server: the tiny llama with a tiny projector, made by ``POST /api/create``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx2

from tests.gguf_files import write_tiny_gguf
from tests.projector_files import write_tiny_projector


def create_seeing(
    client: httpx2.Client, folder: Path, name: str = "eye", *, n_proj: int = 64, kind: str = "mlp", **parameters: float
) -> None:
    """``n_proj`` other than 64 makes a projector that does not fit the model; one of the kind ``qwen2a`` hears.

    ``parameters`` are its PARAMETERs.
    """
    projector = write_tiny_projector(folder / "mmproj.gguf", n_proj=n_proj, kind=kind)
    files = {path.name: _upload(client, path) for path in (write_tiny_gguf(folder / "model.gguf"), projector)}
    created = client.post(
        "/api/create", json={"model": name, "files": files, "parameters": parameters, "stream": False}
    )
    assert (created.status_code, created.json()) == (200, {"status": "success"})


def _upload(client: httpx2.Client, path: Path) -> str:
    data = path.read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert client.post(f"/api/blobs/{digest}", content=data).status_code in (200, 201)
    return digest
